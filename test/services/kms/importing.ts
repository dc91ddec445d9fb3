import { constants, createCipheriv, publicEncrypt, randomBytes } from 'node:crypto'
import {
  DescribeKeyCommand,
  GetParametersForImportCommand,
  ImportKeyMaterialCommand,
  ListKeyRotationsCommand,
  type AlgorithmSpec,
  type CreateKeyCommandInput,
  type ImportKeyMaterialCommandInput,
  type KMSClient,
  type WrappingKeySpec,
} from '@aws-sdk/client-kms'
import { ACCOUNT, type Key, type Kms } from './support.ts'

/** What GetParametersForImport answered, and how material is to be wrapped for it. */
export interface Parameters {
  readonly token: Uint8Array
  readonly publicKey: Buffer
  readonly algorithm: AlgorithmSpec
}

export const material = () => randomBytes(32)

/** Wraps as AWS's guide describes: OAEP, or OAEP of a fresh AES key and RFC 5649 under that. */
export function wrap({ publicKey, algorithm }: Pick<Parameters, 'publicKey' | 'algorithm'>, bytes: Buffer): Buffer {
  const oaepHash = algorithm.endsWith('256') ? 'sha256' : 'sha1'
  const key = {
    key: publicKey,
    format: 'der',
    type: 'spki',
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash,
  } as const
  if (!algorithm.startsWith('RSA_AES')) return publicEncrypt(key, bytes)
  const aes = randomBytes(32)
  const cipher = createCipheriv('id-aes256-wrap-pad', aes, Buffer.from('A65959A6', 'hex'))
  return Buffer.concat([publicEncrypt(key, aes), cipher.update(bytes), cipher.final()])
}

export type ImportOptions = Partial<ImportKeyMaterialCommandInput>

/** The steps of an import, against an emulator of tests. */
export function importsFor(kms: Kms) {
  const parametersFor = async (
    KeyId: string,
    WrappingAlgorithm: AlgorithmSpec = 'RSAES_OAEP_SHA_256',
    WrappingKeySpec: WrappingKeySpec = 'RSA_2048',
    client: KMSClient = kms.root,
  ): Promise<Parameters> => {
    const made = await client.send(new GetParametersForImportCommand({ KeyId, WrappingAlgorithm, WrappingKeySpec }))
    return {
      token: made.ImportToken ?? new Uint8Array(),
      publicKey: Buffer.from(made.PublicKey ?? []),
      algorithm: WrappingAlgorithm,
    }
  }
  /** Parameters are good for many imports, and take their time to make. */
  const kept = new Map<string, Parameters>()
  const wrappedFor = async (KeyId: string, bytes: Buffer, client: KMSClient) => {
    // Related keys have one id, and parameters of their own.
    const region = await client.config.region()
    const name = `${region} ${KeyId}`
    const made = () => parametersFor(KeyId, 'RSAES_OAEP_SHA_256', 'RSA_2048', kms.of(ACCOUNT, region))
    const parameters = kept.get(name) ?? (await made())
    kept.set(name, parameters)
    return { ImportToken: parameters.token, EncryptedKeyMaterial: wrap(parameters, bytes) }
  }
  const importInto = async (
    KeyId: string,
    bytes: Buffer,
    options: ImportOptions = {},
    client: KMSClient = kms.root,
  ) => {
    const wrapped = options.ImportToken === undefined ? await wrappedFor(KeyId, bytes, client) : {}
    return client.send(
      new ImportKeyMaterialCommand({
        KeyId,
        ImportToken: undefined,
        EncryptedKeyMaterial: undefined,
        ...wrapped,
        ...(options.ValidTo === undefined && { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }),
        ...options,
      }),
    )
  }
  return {
    parametersFor,
    importInto,
    createExternal: (input: CreateKeyCommandInput = {}): Promise<Key> =>
      kms.createKey({ Origin: 'EXTERNAL', ...input }),
    /** A key with material, and its id. */
    async imported(bytes: Buffer = material(), options: ImportOptions = {}) {
      const { KeyId, Arn } = await kms.createKey({ Origin: 'EXTERNAL' })
      const { KeyMaterialId = '' } = await importInto(KeyId, bytes, options)
      return { KeyId, Arn, KeyMaterialId, bytes }
    },
    metadata: async (KeyId: string) => (await kms.root.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata,
    history: async (KeyId: string) =>
      (await kms.root.send(new ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }))).Rotations ??
      [],
    /** A date by the emulator's clock, in whole seconds. */
    inSeconds: (seconds: number) => new Date(Math.floor(kms.running.emulator.clock.now() / 1000 + seconds) * 1000),
  }
}

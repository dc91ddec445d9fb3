import { presignless, sha } from './sign.ts'
import { ask, type Shot } from './load.ts'

const ACCOUNT = '111111111111'

/** One thing to measure: how to prepare it on a server, and the request that is repeated. */
export interface Case {
  readonly name: string
  readonly prepare: (port: number) => Promise<Shot>
  /** For large bodies bytes/s say more than requests/s. */
  readonly unit: 'requests' | 'bytes'
  /** How much flows each way: large cases are measured with fewer connections' worth of time. */
  readonly concurrency: readonly number[]
}

const json = (operation: string, input: object): Buffer =>
  presignless({
    method: 'POST',
    path: '/',
    service: 'kms',
    account: ACCOUNT,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${operation}` },
    body: Buffer.from(JSON.stringify(input)),
  })

export const s3 = (
  method: string,
  path: string,
  body = Buffer.alloc(0),
  headers: Record<string, string> = {},
): Buffer =>
  presignless({
    method,
    path,
    service: 's3',
    account: ACCOUNT,
    headers,
    body,
    payloadHash: method === 'PUT' ? 'UNSIGNED-PAYLOAD' : sha(body),
  })

export async function must(port: number, bytes: Buffer): Promise<Record<string, unknown>> {
  const answer = await ask(port, bytes)
  if (answer.status >= 300) throw new Error(`preparing failed: ${answer.head}\n${answer.body.toString()}`)
  const text = answer.body.toString()
  return text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {}
}

export async function createKey(port: number, choices: object = {}): Promise<string> {
  const made = (await must(port, json('CreateKey', choices))) as { KeyMetadata: { KeyId: string } }
  return made.KeyMetadata.KeyId
}

export const createKeyShot = (choices: object = {}): Shot => ({ bytes: json('CreateKey', choices), status: 200 })

const PLAINTEXT = Buffer.alloc(32, 7).toString('base64')
const CONTEXT = { purpose: 'bench' }

/** @param name the operation, and after a blank what tells its cases apart */
const kms = (
  name: string,
  input: (key: string, port: number) => object | Promise<object>,
  choices: object = {},
): Case => ({
  name,
  unit: 'requests',
  concurrency: [1, 32],
  async prepare(port) {
    const [operation = name] = name.split(' ')
    return { bytes: json(operation, await input(await createKey(port, choices), port)), status: 200 }
  },
})

const sign = (spec: string, SigningAlgorithm: string, MessageType: string): Case =>
  kms(`Sign ${spec} ${MessageType}`, (KeyId) => ({ KeyId, SigningAlgorithm, MessageType, Message: PLAINTEXT }), {
    KeySpec: spec,
    KeyUsage: 'SIGN_VERIFY',
  })

/** What everybody else's requests are: many, small, and in a hurry. */
export const encrypt = kms('Encrypt', (KeyId) => ({ KeyId, Plaintext: PLAINTEXT, EncryptionContext: CONTEXT }))

async function bucket(port: number): Promise<string> {
  const name = `bench-${String(Date.now())}-${String(Math.floor(Math.random() * 1e6))}`
  const KeyId = await createKey(port)
  await must(port, s3('PUT', `/${name}`))
  const body = Buffer.from(
    `<ServerSideEncryptionConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>${KeyId}</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`,
  )
  await must(port, s3('PUT', `/${name}?encryption`, body))
  return name
}

const objectSize = (bytes: number) => (bytes >= 1 << 20 ? `${bytes >> 20} MiB` : `${bytes >> 10} KiB`)
const pace = (bytes: number): Pick<Case, 'unit' | 'concurrency'> =>
  bytes > 1 << 22
    ? { unit: 'bytes', concurrency: [1, 4] }
    : { unit: bytes >= 1 << 20 ? 'bytes' : 'requests', concurrency: [1, 32] }

export const putObject = (size: number): Case => ({
  name: `PutObject ${objectSize(size)}`,
  ...pace(size),
  async prepare(port) {
    return { bytes: s3('PUT', `/${await bucket(port)}/object`, Buffer.alloc(size, 'p')), status: 200 }
  },
})

export const getObject = (size: number): Case => ({
  name: `GetObject ${objectSize(size)}`,
  ...pace(size),
  async prepare(port) {
    const name = await bucket(port)
    await must(port, s3('PUT', `/${name}/object`, Buffer.alloc(size, 'g')))
    return { bytes: s3('GET', `/${name}/object`), status: 200 }
  },
})

/** Each request is for another object than the two thousand before: nothing that is remembered of one helps the next. */
const EACH_ANOTHER = 2000

const getObjects = (size: number): Case => ({
  name: `GetObject ${objectSize(size)}, each another`,
  ...pace(size),
  async prepare(port) {
    const name = await bucket(port)
    for (let at = 0; at < EACH_ANOTHER; at++) {
      await must(port, s3('PUT', `/${name}/object${String(at)}`, Buffer.alloc(size, 'g')))
    }
    const shots = Array.from({ length: EACH_ANOTHER }, (_, at) => s3('GET', `/${name}/object${String(at)}`))
    let at = 0
    const next = () => shots[at++ % EACH_ANOTHER] ?? NO_BYTES
    return { bytes: shots[0] ?? NO_BYTES, next, status: 200 }
  },
})

const NO_BYTES = Buffer.alloc(0)

export const CASES: readonly Case[] = [
  encrypt,
  kms('Decrypt', async (KeyId, port) => {
    const sealed = await must(port, json('Encrypt', { KeyId, Plaintext: PLAINTEXT, EncryptionContext: CONTEXT }))
    return { CiphertextBlob: sealed['CiphertextBlob'], EncryptionContext: CONTEXT }
  }),
  kms('GenerateDataKey', (KeyId) => ({ KeyId, KeySpec: 'AES_256', EncryptionContext: CONTEXT })),
  kms('DescribeKey', (KeyId) => ({ KeyId })),
  kms('CreateKey', () => ({})),
  sign('ECC_NIST_P256', 'ECDSA_SHA_256', 'RAW'),
  sign('ECC_NIST_P256', 'ECDSA_SHA_256', 'DIGEST'),
  sign('RSA_2048', 'RSASSA_PSS_SHA_256', 'RAW'),
  kms('GenerateMac', (KeyId) => ({ KeyId, MacAlgorithm: 'HMAC_SHA_256', Message: PLAINTEXT }), {
    KeySpec: 'HMAC_256',
    KeyUsage: 'GENERATE_VERIFY_MAC',
  }),
  kms('GenerateDataKeyPair ECC_NIST_P256', (KeyId) => ({ KeyId, KeyPairSpec: 'ECC_NIST_P256' })),
  getObjects(1 << 10),
  ...[1 << 10, 1 << 20, 1 << 26].flatMap((size) => [putObject(size), getObject(size)]),
]

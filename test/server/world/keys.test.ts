import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { DescribeKeyCommand, KMSClient, ListKeysCommand, SignCommand } from '@aws-sdk/client-kms'
import { buildWorld } from '../../../emulator/server/world/build.ts'
import { readWorld } from '../../../emulator/server/world/world.ts'
import { KEY_SPECS } from '../../../emulator/services/kms/keySpecs.ts'
import { ACCOUNT, startEmulator, type TestEmulator } from '../../support/emulator.ts'

let twokey: TestEmulator
let client: KMSClient
beforeAll(async () => {
  twokey = await startEmulator()
  client = twokey.client(KMSClient)
})
afterAll(() => twokey.stop())

const build = (keys: object) => buildWorld(twokey.emulator, readWorld({ accounts: { [ACCOUNT]: { keys } } }))
const describeKey = async (KeyId: string) => (await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata

describe('keys of a world', () => {
  it('have the spec and the usage that the file says', async () => {
    await build({
      plain: { alias: 'alias/plain' },
      rsa: { alias: 'alias/rsa', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
      sign: { alias: 'alias/sign', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
      mac: { alias: 'alias/mac', spec: 'HMAC_384' },
      kem: { alias: 'alias/kem', spec: 'ML_KEM_768' },
      symmetric: { alias: 'alias/symmetric', spec: 'SYMMETRIC_DEFAULT' },
      away: { alias: 'alias/away', spec: 'ECC_NIST_P384', usage: 'KEY_AGREEMENT', replicas: ['eu-west-1'] },
    })
    for (const [alias, KeySpec, KeyUsage] of [
      ['plain', 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT'],
      ['rsa', 'RSA_2048', 'ENCRYPT_DECRYPT'],
      ['sign', 'ECC_NIST_P256', 'SIGN_VERIFY'],
      ['mac', 'HMAC_384', 'GENERATE_VERIFY_MAC'],
      ['kem', 'ML_KEM_768', 'ENCAPSULATE_DECAPSULATE'],
      ['symmetric', 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT'],
      ['away', 'ECC_NIST_P384', 'KEY_AGREEMENT'],
    ]) {
      expect(await describeKey(`alias/${alias ?? ''}`)).toMatchObject({ KeySpec, KeyUsage, Enabled: true })
    }
    const signing = { KeyId: 'alias/sign', Message: Buffer.from('x'), SigningAlgorithm: 'ECDSA_SHA_256' } as const
    expect((await client.send(new SignCommand(signing))).Signature?.length).toBeGreaterThan(60)
  })

  it.each([
    [
      { spec: 'RSA_1024' },
      `key \`odd\` of account ${ACCOUNT} has the spec \`RSA_1024\`; write one of ${Object.keys(KEY_SPECS).join(', ')}`,
    ],
    [
      { spec: 'constructor' },
      `key \`odd\` of account ${ACCOUNT} has the spec \`constructor\`; write one of ${Object.keys(KEY_SPECS).join(', ')}`,
    ],
    [
      { spec: 'RSA_2048' },
      `key \`odd\` of account ${ACCOUNT} needs a \`usage\`: for a RSA_2048 key write ENCRYPT_DECRYPT or SIGN_VERIFY`,
    ],
    [
      { spec: 'HMAC_256', usage: 'SIGN_VERIFY' },
      `key \`odd\` of account ${ACCOUNT} has the usage \`SIGN_VERIFY\`: for a HMAC_256 key write GENERATE_VERIFY_MAC`,
    ],
    [
      { usage: 'SIGN_VERIFY' },
      `key \`odd\` of account ${ACCOUNT} has the usage \`SIGN_VERIFY\`: for a SYMMETRIC_DEFAULT key write ENCRYPT_DECRYPT`,
    ],
    [
      { spec: 'SM2', usage: 'SIGN_VERIFY' },
      `key \`odd\` of account ${ACCOUNT}: CreateKey answered UnsupportedOperationException: KeySpec SM2 is not supported in this Region`,
    ],
  ])('are refused with a sentence: %j', async (key, sentence) => {
    const before = (await client.send(new ListKeysCommand({}))).Keys?.length
    await expect(build({ odd: key })).rejects.toThrow(sentence)
    expect((await client.send(new ListKeysCommand({}))).Keys).toHaveLength(before ?? NaN)
  })

  it('can be told to an editor: the schema lists every spec and usage', () => {
    const schema = JSON.parse(
      readFileSync(new URL('../../../fixtures/world.schema.json', import.meta.url), 'utf8'),
    ) as {
      $defs: { account: { properties: { keys: { additionalProperties: { properties: Record<string, unknown> } } } } }
    }
    const { spec, usage } = schema.$defs.account.properties.keys.additionalProperties.properties
    const usages = new Set(Object.values(KEY_SPECS).flatMap((facts) => Object.keys(facts.usages)))
    expect(spec).toMatchObject({ enum: expect.arrayContaining(Object.keys(KEY_SPECS)) as unknown })
    expect(usage).toMatchObject({ enum: expect.arrayContaining([...usages]) as unknown })
  })
})

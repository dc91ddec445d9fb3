import { afterAll, beforeAll, expect } from '@jest/globals'
import { fileURLToPath } from 'node:url'
import { canRun, needs } from '../support/commands.ts'
import { ACCOUNT, startEmulator, type TestEmulator } from '../support/emulator.ts'
import { openShell, type Shell } from '../support/shell.ts'

const test = needs(canRun('python3', '-c', 'import boto3'), 'boto3')
const MINUTES = 120_000

let twokey: TestEmulator
let sh: Shell
beforeAll(async () => {
  twokey = await startEmulator()
  sh = await openShell(twokey)
})
afterAll(async () => {
  await twokey.stop()
  await sh.leave()
})

test(
  'boto3 gets AWS’s answers, errors and pages',
  async () => {
    const told = JSON.parse(await sh.ok('python3', fileURLToPath(new URL('./kmsStory.py', import.meta.url)))) as Story
    expect(told).toMatchObject({
      metadata: { KeySpec: 'RSA_2048', CustomerMasterKeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' },
      verified: true,
      mac: [64, true],
      shared: [32, 'AWS_KMS'],
      pair: ['KeyId', 'KeyMaterialId', 'KeyPairSpec', 'PrivateKeyCiphertextBlob', 'PublicKey'],
    })
    const validation = (text: string) => [400, 'ValidationException', text]
    const constraint = (text: string) => validation(`1 validation error detected: ${text}`)
    expect(told.refusals).toEqual({
      'other signature': [400, 'KMSInvalidSignatureException', ''],
      'not a digest': validation('Digest is invalid length for algorithm RSASSA_PSS_SHA_256.'),
      'empty message': constraint(
        "Value at 'message' failed to satisfy constraint: Member must have length greater than or equal to 1",
      ),
      'huge message': constraint(
        "Value at 'message' failed to satisfy constraint: Member must have length less than or equal to 4096",
      ),
      'message left out': constraint("Value at 'message' failed to satisfy constraint: Member must not be null"),
      'number for a name': [400, 'SerializationException', 'NUMBER_VALUE can not be converted to a String'],
      'unknown algorithm': constraint(
        "Value 'HMAC_MD5' at 'macAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [HMAC_SHA_384, HMAC_SHA_256, HMAC_SHA_224, HMAC_SHA_512]",
      ),
      'other usage': [
        400,
        'InvalidKeyUsageException',
        `arn:aws:kms:us-east-1:${ACCOUNT}:key/${told.plain} key usage is ENCRYPT_DECRYPT which is not valid for Sign.`,
      ],
      'other Region': [400, 'NotFoundException', 'Invalid arn eu-west-1'],
      'no public key': [400, 'UnsupportedOperationException', ''],
      'not a key to agree with': validation(''),
      'no alias here': [400, 'InvalidArnException', 'Key Aliases are not supported for this operation.'],
      'pair under a key pair': [
        400,
        'InvalidKeyUsageException',
        'You cannot generate a data key pair with an asymmetric CMK',
      ],
      'usage left out': validation(
        'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
      ),
      "China's alone": [400, 'UnsupportedOperationException', 'KeySpec SM2 is not supported in this Region'],
    })
    const seven = [
      [3, 3, 1],
      [true, true, false],
    ]
    expect(told.pages).toEqual({ aliases: seven, tags: seven, grants: seven })
  },
  MINUTES,
)

interface Story {
  readonly plain: string
  readonly refusals: object
  readonly pages: object
}

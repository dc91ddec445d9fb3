import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { createPublicKey } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { needs } from '../support/commands.ts'
import { ACCOUNT, startEmulator, type TestEmulator } from '../support/emulator.ts'
import { configuration, initialised, terraformIn, type Outputs, type Variables } from '../support/terraform.ts'

const root = await mkdtemp(join(tmpdir(), 'twokey-terraform-'))
const [everyday, keys, buckets] = [
  await configuration(root, 'terraform'),
  await configuration(root, 'terraform-kms'),
  await configuration(root, 'terraform-s3'),
]
const test = needs(initialised(everyday, keys, buckets), 'Terraform with the AWS provider')

let twokey: TestEmulator
beforeAll(async () => {
  twokey = await startEmulator()
})
afterAll(async () => {
  await twokey.stop()
  await rm(root, { recursive: true })
})

/** Applies a configuration, finds nothing left to change, and destroys it; answers its outputs. */
async function live(folder: string, variables: Variables = {}): Promise<Outputs> {
  const outputs = await settle(folder, variables)
  await terraformIn(folder).destroy({ endpoint: twokey.url, ...variables })
  return outputs
}

/** Applies a configuration and finds nothing left to change. */
async function settle(folder: string, variables: Variables): Promise<Outputs> {
  const [terraform, given] = [terraformIn(folder), { endpoint: twokey.url, ...variables }]
  const outputs = await terraform.apply(given)
  await terraform.planClean(given)
  return outputs
}

describe('Terraform', () => {
  test('applies, plans clean, and destroys keys, buckets, principals and a trail', async () => {
    await live(everyday)
  }, 300_000)

  test('does so with KMS: each kind of key, aliases, grants, replicas, imported material, ciphertexts, a custom key store', async () => {
    await fetch(`${twokey.url}/_twokey/cloudhsm`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(CLUSTERS),
    })
    const outputs = await live(keys, { trust_anchor: TRUST_ANCHOR })
    expect(outputs['opened']?.value).toBe('for whoever may read it')
    expect(createPublicKey(String(outputs['public_key']?.value)).asymmetricKeyDetails?.namedCurve).toBe('secp384r1')
  }, 240_000)

  test('does so with all that S3 knows of buckets, and changes every setting', async () => {
    const first = await settle(buckets, { stage: 'first' })
    expect(first['copied']?.value).toBe('first')
    const second = await live(buckets, { stage: 'second' })
    expect(second['copied']?.value).toBe('second')
    expect(second['keys']?.value).toEqual(['copy of second.txt', 'report.txt'])
  }, 480_000)
})

const TRUST_ANCHOR = '-----BEGIN CERTIFICATE-----\nof the cluster\n-----END CERTIFICATE-----'
const CLUSTERS = {
  account: ACCOUNT,
  clusters: { 'cluster-abcdefghijk': { trustAnchorCertificate: TRUST_ANCHOR, kmsUserPassword: 'kmsuser-password' } },
}

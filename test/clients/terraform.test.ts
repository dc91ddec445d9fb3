import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { createPublicKey } from 'node:crypto'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { canRun, needs, run } from '../support/commands.ts'
import { ACCOUNT, startEmulator, type TestEmulator } from '../support/emulator.ts'

const root = await mkdtemp(join(tmpdir(), 'twokey-terraform-'))
const [everyday, keys, buckets] = [
  await configuration('terraform'),
  await configuration('terraform-kms'),
  await configuration('terraform-s3'),
]
// Whether the AWS provider can be had is known only by asking: `init` finds it in a mirror or not at all.
const present =
  canRun('terraform', 'version') &&
  [everyday, keys, buckets].every((folder) => canRun('terraform', `-chdir=${folder}`, 'init', '-input=false'))
const test = needs(present, 'Terraform with the AWS provider')

async function configuration(name: string): Promise<string> {
  const folder = join(root, name)
  await cp(fileURLToPath(new URL(`./${name}`, import.meta.url)), folder, { recursive: true })
  return folder
}

let twokey: TestEmulator
beforeAll(async () => {
  twokey = await startEmulator()
})
afterAll(async () => {
  await twokey.stop()
  await rm(root, { recursive: true })
})

/** Applies a configuration, finds nothing left to change, and destroys it; answers its outputs. */
async function live(folder: string, variables: Readonly<Record<string, string>> = {}): Promise<Outputs> {
  const outputs = await settle(folder, variables)
  const destroyed = await terraform(folder, variables, 'destroy', '-auto-approve')
  expect(`${String(destroyed.status)} ${destroyed.stderr}`.trim()).toBe('0')
  return outputs
}

function terraform(folder: string, variables: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const given = Object.entries({ endpoint: twokey.url, ...variables }).map(([name, value]) => `-var=${name}=${value}`)
  return run('terraform', [`-chdir=${folder}`, ...args, '-input=false', '-no-color', ...given])
}

/** Applies a configuration and finds nothing left to change. */
async function settle(folder: string, variables: Readonly<Record<string, string>>): Promise<Outputs> {
  const applied = await terraform(folder, variables, 'apply', '-auto-approve')
  expect(`${String(applied.status)} ${applied.stderr}`.trim()).toBe('0')
  const { stdout } = await run('terraform', [`-chdir=${folder}`, 'output', '-json'])
  const planned = await terraform(folder, variables, 'plan', '-detailed-exitcode')
  expect(`${String(planned.status)} ${planned.status === 0 ? '' : planned.stdout}`.trim()).toBe('0')
  return JSON.parse(stdout) as Outputs
}

type Outputs = Readonly<Record<string, { readonly value: unknown }>>

describe('Terraform', () => {
  test('applies, plans clean, and destroys keys, buckets and principals', async () => {
    await live(everyday)
  }, 240_000)

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

import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { canRun, needs, run } from '../support/commands.ts'
import { startEmulator, type TestEmulator } from '../support/emulator.ts'

const folder = await mkdtemp(join(tmpdir(), 'twokey-terraform-'))
await cp(fileURLToPath(new URL('./terraform', import.meta.url)), folder, { recursive: true })
// Whether the AWS provider can be had is known only by asking: `init` finds it in a mirror or not at all.
const present = canRun('terraform', 'version') && canRun('terraform', `-chdir=${folder}`, 'init', '-input=false')
const test = needs(present, 'Terraform with the AWS provider')

let twokey: TestEmulator
beforeAll(async () => {
  twokey = await startEmulator()
})
afterAll(async () => {
  await twokey.stop()
  await rm(folder, { recursive: true })
})

const terraform = (...args: readonly string[]) =>
  run('terraform', [`-chdir=${folder}`, ...args, '-input=false', '-no-color', '-var', `endpoint=${twokey.url}`])

describe('Terraform', () => {
  test('applies, plans clean, and destroys keys, buckets and principals', async () => {
    const applied = await terraform('apply', '-auto-approve')
    expect(`${String(applied.status)} ${applied.stderr}`.trim()).toBe('0')
    const planned = await terraform('plan', '-detailed-exitcode')
    expect(`${String(planned.status)} ${planned.status === 0 ? '' : planned.stdout}`.trim()).toBe('0')
    const destroyed = await terraform('destroy', '-auto-approve')
    expect(`${String(destroyed.status)} ${destroyed.stderr}`.trim()).toBe('0')
  }, 240_000)
})

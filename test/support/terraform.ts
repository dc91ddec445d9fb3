import { expect } from '@jest/globals'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { canRun, run } from './commands.ts'

export type Outputs = Readonly<Record<string, { readonly value: unknown }>>
export type Variables = Readonly<Record<string, string>>

/** A configuration of test/clients, in a folder of its own. */
export async function configuration(root: string, name: string): Promise<string> {
  const folder = join(root, name)
  await cp(fileURLToPath(new URL(`../clients/${name}`, import.meta.url)), folder, { recursive: true })
  return folder
}

/**
 * Whether Terraform and its AWS provider are here, with the folders initialised. That the provider can be had is known only by asking:
 * `init` finds it in a mirror or not at all.
 */
export const initialised = (...folders: readonly string[]): boolean =>
  canRun('terraform', 'version') &&
  folders.every((folder) => canRun('terraform', `-chdir=${folder}`, 'init', '-input=false'))

/** Terraform in a folder; each command is expected to end well. */
export interface Terraform {
  /** Makes it so, and answers the outputs. */
  readonly apply: (variables: Variables) => Promise<Outputs>
  /** Expects nothing left to change. */
  readonly planClean: (variables: Variables) => Promise<void>
  readonly destroy: (variables: Variables) => Promise<void>
}

export function terraformIn(folder: string): Terraform {
  const terraform = (variables: Variables, ...args: readonly string[]) => {
    const given = Object.entries(variables).map(([name, value]) => `-var=${name}=${value}`)
    return run('terraform', [`-chdir=${folder}`, ...args, '-input=false', '-no-color', ...given])
  }
  return {
    async apply(variables) {
      const applied = await terraform(variables, 'apply', '-auto-approve')
      expect(`${String(applied.status)} ${applied.stderr}`.trim()).toBe('0')
      const { stdout } = await run('terraform', [`-chdir=${folder}`, 'output', '-json'])
      return JSON.parse(stdout) as Outputs
    },
    async planClean(variables) {
      const planned = await terraform(variables, 'plan', '-detailed-exitcode')
      expect(`${String(planned.status)} ${planned.status === 0 ? '' : planned.stdout}`.trim()).toBe('0')
    },
    async destroy(variables) {
      const destroyed = await terraform(variables, 'destroy', '-auto-approve')
      expect(`${String(destroyed.status)} ${destroyed.stderr}`.trim()).toBe('0')
    },
  }
}

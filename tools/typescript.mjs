// Lets plain node run this repository's TypeScript: `node --import ./tools/typescript.mjs some/file.ts`.
// For tests that need a process of their own (one that can be killed); everything else is compiled or run by jest.
import { readFile } from 'node:fs/promises'
import { register } from 'node:module'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import { transform } from '@swc/core'

/** Module hook: strips the types of `.ts` files. Runs on node's own loader thread. */
export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context)
  const filename = fileURLToPath(url)
  const { code } = await transform(await readFile(filename, 'utf8'), {
    filename,
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'es6' },
    sourceMaps: 'inline',
  })
  return { format: 'module', source: code, shortCircuit: true }
}

if (isMainThread) register(import.meta.url)

import { runInThisContext } from 'node:vm'

/**
 * Loads a module as Node.js itself does, also from within the sandbox in which Jest runs a test file. The emulator is made of ES modules,
 * which Jest's `require` refuses; Jest would load all of it anew for each test file, and lend it that file's faked timers. Loaded
 * outside it is there once per process, and runs by real time.
 * @param from the URL or path of the module that asks
 */
export function outside(from: string, specifier: string): unknown {
  return realRequire(from)(specifier)
}

const realRequire = runInThisContext("(from) => process.getBuiltinModule('node:module').createRequire(from)") as (
  from: string,
) => (specifier: string) => unknown

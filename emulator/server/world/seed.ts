import { readFile } from 'node:fs/promises'
import type { Emulator } from '../app.ts'
import { buildWorld } from './build.ts'
import { readWorld, WorldError } from './world.ts'

/** Loads the world that `TWOKEY_SEED` names into an empty state; a state that holds something is left as it is. */
export async function loadSeed(emulator: Emulator, log: (line: string) => void): Promise<void> {
  const { seed } = emulator.settings
  if (seed === undefined) return
  const marker = emulator.store.collection<{ file: string }>({ name: 'seed', scope: 'global' }).in()
  if (marker.has('seed')) return
  if (!emulator.isEmpty()) {
    log(`the state is not empty: the world \`${seed}\` was not loaded (\`twokey state reset\` empties it)`)
    return
  }
  await buildWorld(emulator, await worldFile(seed))
  marker.put('seed', { file: seed })
  log(`loaded the world \`${seed}\``)
}

/** Reads and checks a world file. Throws WorldError with a sentence. */
export async function worldFile(path: string): Promise<ReturnType<typeof readWorld>> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new WorldError(`cannot read the world \`${path}\`: ${error instanceof Error ? error.message : String(error)}`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new WorldError(`the world \`${path}\` is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  return readWorld(value)
}

import { closeSync, fdatasyncSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'

/** Only the user who runs the emulator may read what it keeps: there are keys in it. */
export const FILE_MODE = 0o600
export const DIRECTORY_MODE = 0o700

/** Is this error the operating system's `code`? (By its look: it may come from another realm, as under jest.) */
export function isErrno(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code
}

/** Writes all of `bytes`, or throws. */
export function writeAll(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, bytes.length - at)
}

/** Puts new or renamed files of a directory on the platter. */
export function syncDirectory(directory: string): void {
  const file = openSync(directory, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** The same without keeping the event loop. */
export async function syncDirectoryLater(directory: string): Promise<void> {
  const file = await open(directory, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Replaces a file as a whole: it has the old contents or the new, whenever the process dies. Answers its length. */
export function replaceFile(path: string, temporary: string, chunks: Iterable<Buffer>, sync: boolean): number {
  let length = 0
  try {
    const file = openSync(temporary, 'w', FILE_MODE)
    try {
      for (const chunk of chunks) {
        writeAll(file, chunk)
        length += chunk.length
      }
      if (sync) fdatasyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
    return length
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/**
 * Answers that are ready are written together, after the requests that arrived together have been worked on. Each write wakes the
 * client that waits for it; done one by one, clients and server take turns in waking each other, and at 32 connections that
 * cost more than the work itself (docs/speed.md).
 */
const waiting: (() => void)[] = []

/** Runs `write` with the others of this turn of the event loop. Resolves when it has run; rejects with what it throws. */
export function inBurst(write: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const first = waiting.length === 0
    waiting.push(() => {
      try {
        write()
        resolve()
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    })
    if (first) setImmediate(writeAll)
  })
}

function writeAll(): void {
  for (const write of waiting.splice(0)) write()
}

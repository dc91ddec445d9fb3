import type { ServerResponse } from 'node:http'
import type { DecisionLog } from '../../audit/decisionLog.ts'
import { AdminError } from './adminError.ts'

/** At once: many more than people have windows open, few enough that telling them costs little and what waits for them is bounded. */
export const MOST_READERS = 100
/** Bytes that may wait for one reader. */
const MOST_WAITING = 1_000_000

/**
 * The live stream of decisions, as server-sent events: one summary per finished request, and `cleared` when everything is forgotten.
 * The function made adds a reader.
 * @throws AdminError 503 when there are too many
 */
export function decisionStream(decisions: DecisionLog): (res: ServerResponse) => void {
  let readers = 0
  return (res) => {
    if (readers >= MOST_READERS) {
      throw new AdminError(
        503,
        `${String(MOST_READERS)} readers follow the decisions already; close one of them, or ask without \`Accept: text/event-stream\``,
      )
    }
    readers++
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    // The reader learns at once that it is connected, and from then on misses nothing; it comes back a second after it was cut off.
    res.write('retry: 1000\n\n')
    const send = (event: string) => {
      // A reader that does not keep up is let go, so that memory stays bounded.
      if (!res.write(event) && res.writableLength > MOST_WAITING) res.destroy()
    }
    const stop = decisions.subscribe(
      (summary) => {
        send(`data: ${JSON.stringify(summary)}\n\n`)
      },
      () => {
        send('event: cleared\ndata: {}\n\n')
      },
    )
    res.once('close', () => {
      readers--
      stop()
    })
  }
}

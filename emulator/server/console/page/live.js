/** @import { DecisionSummary } from '../../../audit/decisionLog.ts' */
import { addressOf, parseJson } from './door.js'

/** Milliseconds; what arrives meanwhile is shown together, so that no traffic keeps the page busy. */
const TOGETHER = 120
const RETRY = 2000

/**
 * Listens to finished requests for as long as the page is open, and comes back when the connection is lost.
 * @param {{
 *   most: number,
 *   connected(): void,
 *   lost(): void,
 *   arrived(batch: readonly DecisionSummary[]): void,
 *   cleared(): void,
 * }} reader `most`: of a batch, only so many of the latest are kept
 */
export function listen(reader) {
  /** @type {DecisionSummary[]} */
  let batch = []
  let waiting = false
  const deliver = () => {
    waiting = false
    const arrived = batch
    batch = []
    reader.arrived(arrived)
  }
  const source = new EventSource(addressOf('decisions'))
  source.onopen = () => {
    reader.connected()
  }
  source.onmessage = ({ data }) => {
    batch.push(/** @type {DecisionSummary} */ (parseJson(String(data))))
    if (batch.length > 2 * reader.most) batch = batch.slice(-reader.most)
    if (waiting) return
    waiting = true
    setTimeout(deliver, TOGETHER)
  }
  source.addEventListener('cleared', () => {
    batch = []
    reader.cleared()
  })
  source.onerror = () => {
    reader.lost()
    // The browser tries again by itself, except after an answer that was no stream.
    if (source.readyState !== EventSource.CLOSED) return
    setTimeout(() => {
      listen(reader)
    }, RETRY)
  }
}

/**
 * Works on a data directory until it is killed, and prints the number of each transaction once it is acknowledged.
 * Each one writes number n to three collections, forgets number n - KEPT, and now and then names a blob; checkpoints run
 * almost all the time, and sometimes the whole state is replaced by itself.
 */
import { writeSync } from 'node:fs'
import { openBlobs } from '../../emulator/state/openBlobs.ts'
import { openStore } from '../../emulator/state/openStore.ts'
import { BLOBS, COUNTER, KEPT, LOG, SORTED, blobText, idOf } from './world.ts'

const [dir = '', fsync = ''] = process.argv.slice(2)
const store = await openStore({
  dir,
  fsync: fsync === 'fsync',
  log: (line) => writeSync(2, `${line}\n`),
  checkpoint: { minimumBytes: 20_000, sliceMs: 0.2 },
})
const blobs = openBlobs(dir, { fsync: fsync === 'fsync' })
const counter = store.collection(COUNTER).in()
const log = store.collection(LOG).in('111122223333', 'us-east-1')
const sorted = store.collection(SORTED).in('111122223333')
const named = store.collection(BLOBS).in()

let started = false

for (let n = (counter.get('n') ?? 0) + 1; ; n++) {
  let blob: string | undefined
  if (n % 7 === 0) {
    const writer = blobs.create()
    await writer.write(Buffer.from(blobText(n)))
    await writer.commit()
    blob = writer.id
  }
  store.transaction(() => {
    counter.put('n', n)
    log.put(idOf(n), { n, pad: 'x'.repeat(n % 300) })
    log.delete(idOf(n - KEPT))
    sorted.put(idOf(n), n)
    sorted.delete(idOf(n - KEPT))
    if (blob !== undefined) named.put(idOf(n), blob)
    named.delete(idOf(n - KEPT))
  })
  if (fsync === 'fsync') await store.durable()
  writeSync(1, `${String(n)}\n`)
  if (!started) process.send?.('started')
  started = true
  if (n % 997 === 0) store.import(store.export({ secrets: true }))
  if (n % 10 === 0) await new Promise(setImmediate)
}

import type { SecretBytes } from '../../../crypto/types.ts'
import type { Call } from '../../../operation/call.ts'

/**
 * Data keys of snapshots that are being written through EBS direct, in memory only. KMS gave them to whoever started the snapshot,
 * and EBS goes on using them for that session (facts: captures 5.3); others, and everybody after a restart, need kms:Decrypt.
 */
export interface Writers {
  keep(snapshot: string, call: Call, secret: SecretBytes): void
  /** The data key, if this session was given it. */
  find(snapshot: string, call: Call): SecretBytes | undefined
  /** Notes that a block was written. */
  wrote(snapshot: string, time: number): void
  /** Milliseconds since the epoch of the last block written since the start of the emulator. */
  lastWrite(snapshot: string): number | undefined
  forget(snapshot: string): void
}

interface Entry {
  readonly secrets: Map<string, SecretBytes>
  lastWrite: number | undefined
}

/** Sessions that write one snapshot; more of them have to ask KMS each time. */
const MOST_SESSIONS = 16

export function createWriters(): Writers {
  const entries = new Map<string, Entry>()
  const entryOf = (snapshot: string) => {
    let entry = entries.get(snapshot)
    if (!entry) entries.set(snapshot, (entry = { secrets: new Map(), lastWrite: undefined }))
    return entry
  }
  return {
    keep(snapshot, call, secret) {
      const { secrets } = entryOf(snapshot)
      if (secrets.size < MOST_SESSIONS) secrets.set(sessionOf(call), secret)
    },
    find: (snapshot, call) => entries.get(snapshot)?.secrets.get(sessionOf(call)),
    wrote(snapshot, time) {
      entryOf(snapshot).lastWrite = time
    },
    lastWrite: (snapshot) => entries.get(snapshot)?.lastWrite,
    forget(snapshot) {
      entries.delete(snapshot)
    },
  }
}

/** Credentials are a session: other ones of the same user are another. */
const sessionOf = ({ caller }: Call): string =>
  caller.accessKeyId ?? ('arn' in caller.principal ? caller.principal.arn : caller.principal.kind)

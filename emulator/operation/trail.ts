/** A CloudTrail record (facts: kms-iam.md F1): JSON values, in the order in which CloudTrail writes them. */
export type CloudTrailRecord = Readonly<Record<string, unknown>>

/** One request, or what a service did by itself, in the audit trail. Its records are written when somebody asks for them. */
export interface TrailEntry {
  /** Grows with each entry. */
  readonly place: number
  /** Milliseconds since the epoch, by the emulator's clock. */
  readonly time: number
  /** All of its records, those of calls that services made for the caller included; the latest first. */
  records(): readonly CloudTrailRecord[]
  /** The accounts and Regions in whose trails its records are. */
  places(): readonly TrailPlace[]
  /** Whether any of its records is a management event: the others are of reads and writes of data. */
  readonly isManagement: boolean
  /** Who called, if it was a service in its own name. */
  readonly service: string | undefined
  /** Roughly how many bytes it takes. */
  readonly weight: number
}

export interface TrailPlace {
  readonly account: string
  readonly region: string
}

/** The audit trail as CloudTrail's service sees it: bounded memory, found by account and Region. */
export interface EventTrail {
  /**
   * Entries with records in the trail of an account and Region, the newest first.
   * @param upTo the entry to begin with: one of this place or an older one
   */
  newest(account: string, region: string, upTo?: number): Iterable<TrailEntry>
  /** Told of every entry from now on; replaces the listener before. Undefined: nobody listens, and it costs nothing. */
  listen(listener: ((entry: TrailEntry) => void) | undefined): void
}

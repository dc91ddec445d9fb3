/** What a volume type allows (facts: captures 2.1, "Limits"). */
export interface VolumeType {
  readonly name: string
  /** GiB */
  readonly least: number
  readonly most: number
  /** Undefined: the type takes no iops. */
  readonly iops?:
    | {
        readonly most: number
        /** Per GiB. */
        readonly ratio: number
        /** The request must say how many. */
        readonly required: boolean
      }
    | undefined
  readonly throughput: boolean
  readonly multiAttach: boolean
}

const type = (name: string, least: number, most: number, more: Partial<VolumeType> = {}): VolumeType => ({
  name,
  least,
  most,
  throughput: false,
  multiAttach: false,
  ...more,
})

const TYPES: ReadonlyMap<string, VolumeType> = new Map(
  [
    type('standard', 1, 1024),
    type('gp2', 1, 16_384),
    type('gp3', 1, 65_536, { iops: { most: 80_000, ratio: 500, required: false }, throughput: true }),
    type('io1', 4, 16_384, { iops: { most: 64_000, ratio: 50, required: true }, multiAttach: true }),
    type('io2', 4, 65_536, { iops: { most: 256_000, ratio: 1000, required: true }, multiAttach: true }),
    type('st1', 125, 16_384),
    type('sc1', 125, 16_384),
  ].map((one) => [one.name, one]),
)

/** By its name in any case; gp2 when none is given. Undefined for what is no type. */
export const volumeType = (name: string | undefined): VolumeType | undefined =>
  TYPES.get(name === undefined || name === '' ? 'gp2' : name.toLowerCase())

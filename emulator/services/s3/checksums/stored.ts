import { openSmall, sealSmall } from '../../../crypto/objectCipher.ts'
import type { SecretBytes } from '../../../crypto/types.ts'
import type { ChecksumAlgorithm, ChecksumType, Encryption, ObjectRecord, StoredChecksum, StoredPart } from '../state.ts'
import { combineChecksums } from './combine.ts'

/** A checksum in the clear. */
export interface PlainChecksum {
  readonly algorithm: ChecksumAlgorithm
  readonly type: ChecksumType
  readonly value: string
}

/** Binds a sealed checksum to the blob it is about; of the whole object, to its first. */
const sealIdentity = (blob: string) => `s3 checksum ${blob}`

/** A checksum as it is kept: sealed with the data key, except under SSE-S3, since the checksum of few bytes gives them away. */
export function keepChecksum(
  checksum: PlainChecksum,
  encryption: Encryption,
  dataKey: SecretBytes,
  blob: string,
): StoredChecksum {
  if (encryption.kind === 's3') return checksum
  const sealed = sealSmall(dataKey, sealIdentity(blob), Buffer.from(checksum.value, 'latin1'))
  return { ...checksum, value: sealed.toString('base64'), sealed: true }
}

function open({ value, sealed }: StoredChecksum, dataKey: SecretBytes, blob: string): string | undefined {
  if (value === undefined || !sealed) return value
  return openSmall(dataKey, sealIdentity(blob), Buffer.from(value, 'base64')).toString('latin1')
}

/** A part's checksum, base64. */
export function partChecksum({ checksum, blob }: Pick<StoredPart, 'checksum' | 'blob'>, dataKey: SecretBytes): string {
  return open(checksum, dataKey, blob) ?? ''
}

/** The object's checksum, combined from its parts' where it was completed without its key. */
export async function objectChecksum(object: ObjectRecord, dataKey: SecretBytes): Promise<PlainChecksum> {
  const { algorithm, type } = object.checksum
  const value =
    open(object.checksum, dataKey, object.parts[0]?.blob ?? '') ??
    (await combineChecksums(
      algorithm,
      type,
      object.parts.map((part) => ({ value: partChecksum(part, dataKey), size: part.size })),
    ))
  return { algorithm, type, value }
}

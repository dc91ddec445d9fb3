import type { SecretBytes } from '../../../crypto/types.ts'
import type { Call } from '../../../operation/call.ts'
import { objectChecksum, partChecksum, keepChecksum } from '../checksums/stored.ts'
import { holdBlobs } from '../data/objects.ts'
import { readStream } from '../data/read.ts'
import { writeBody } from '../data/write.ts'
import type { ObjectRecord, S3State, StoredPart } from '../state.ts'
import type { DataKey } from './dataKeys.ts'

/**
 * Encrypts all of an object anew, part by part, in constant memory. Its old bytes stay; whoever makes the new ones visible discards
 * them. INVARIANT: when anything throws, no new blob is left.
 * @param secret what it is encrypted with at present
 */
export async function reEncrypt(
  call: Call<S3State>,
  bucket: string,
  object: ObjectRecord,
  secret: SecretBytes,
  dataKey: DataKey,
): Promise<Pick<ObjectRecord, 'parts' | 'checksum'>> {
  const { blobs } = call.env
  const release = holdBlobs(call, bucket, object)
  const parts: StoredPart[] = []
  try {
    let start = 0
    for (const part of object.parts) {
      const range = { start, end: start + part.size }
      start = range.end
      const { blob } = await writeBody({
        blobs,
        dataKey: dataKey.secret,
        bucket,
        key: object.key,
        source: readStream({ blobs, leases: call.state.leases, dataKey: secret, bucket, object, range }),
        length: part.size,
        md5: false,
        algorithms: [],
      })
      const { algorithm, type } = part.checksum
      const checksum = { algorithm, type, value: partChecksum(part, secret) }
      parts.push({ ...part, blob, checksum: keepChecksum(checksum, dataKey.encryption, dataKey.secret, blob) })
    }
    const whole = await objectChecksum(object, secret)
    const checksum = keepChecksum(whole, dataKey.encryption, dataKey.secret, parts[0]?.blob ?? '')
    return { parts, checksum }
  } catch (error) {
    call.state.leases.discard(
      blobs,
      parts.map(({ blob }) => blob),
    )
    throw error
  } finally {
    release()
  }
}

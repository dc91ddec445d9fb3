import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Environment } from '../../../operation/call.ts'
import type { CloudTrailState, DigestChain, PreviousDigest, TrailRecord } from '../state.ts'
import { sha256 } from './logFile.ts'
import { signingKey, signText } from './signingKeys.ts'
import { folderOf, writeFile } from './write.ts'

const compress = promisify(gzip)

const isoSeconds = (time: number) => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z')

/** What became of a digest file. */
export type DigestDelivery = { readonly digest: PreviousDigest } | { readonly error: string }

/**
 * Writes the digest file of a chain up to a time, signed, in the trail's bucket (CloudTrail User Guide, "CloudTrail digest file
 * structure", "Custom implementations of CloudTrail log file integrity validation").
 */
export async function writeDigest(
  trail: TrailRecord,
  region: string,
  chain: DigestChain,
  time: number,
  state: CloudTrailState,
  env: Pick<Environment, 'callService' | 'store'>,
): Promise<DigestDelivery> {
  const { account, bucket, name, homeRegion } = trail
  const { fingerprint, record } = await signingKey(region, time, state, env)
  const end = isoSeconds(time)
  const file = `${account}_CloudTrail-Digest_${region}_${name}_${homeRegion}_${end.replace(/[-:]/g, '')}.json.gz`
  const key = `${folderOf(trail)}CloudTrail-Digest/${region}/${end.slice(0, 10).replaceAll('-', '/')}/${file}`
  const { previous } = chain
  const content = JSON.stringify({
    awsAccountId: account,
    digestStartTime: isoSeconds(chain.since),
    digestEndTime: end,
    digestS3Bucket: bucket,
    digestS3Object: key,
    digestPublicKeyFingerprint: fingerprint,
    digestSignatureAlgorithm: 'SHA256withRSA',
    newestEventTime: extreme(chain.files.map(({ newest }) => newest)).last,
    oldestEventTime: extreme(chain.files.map(({ oldest }) => oldest)).first,
    previousDigestS3Bucket: previous?.bucket ?? null,
    previousDigestS3Object: previous?.key ?? null,
    previousDigestHashValue: previous?.hash ?? null,
    previousDigestHashAlgorithm: previous ? 'SHA-256' : null,
    previousDigestSignature: previous?.signature ?? null,
    logFiles: chain.files.map((each) => ({
      s3Bucket: each.bucket,
      s3Object: each.key,
      hashValue: each.hash,
      hashAlgorithm: 'SHA-256',
      newestEventTime: each.newest,
      oldestEventTime: each.oldest,
    })),
  })
  const hash = sha256(content)
  const signature = signText(record, [end, `${bucket}/${key}`, hash, previous?.signature ?? 'null'].join('\n'))
  const answer = await writeFile(
    trail,
    {
      key,
      body: await compress(content),
      metadata: { signature, 'signature-algorithm': 'SHA256withRSA' },
      encryption: 's3',
    },
    env,
  )
  return 'error' in answer ? { error: answer.error.code } : { digest: { bucket, key, hash, signature } }
}

/** The first and the last in time; null when there are none. */
function extreme(times: readonly string[]): { readonly first: string | null; readonly last: string | null } {
  const sorted = [...times].sort()
  return { first: sorted[0] ?? null, last: sorted.at(-1) ?? null }
}

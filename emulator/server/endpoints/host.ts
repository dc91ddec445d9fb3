/** What the name of an interface endpoint says. */
export interface EndpointHost {
  /** `vpce-…`, without the suffix and the zone of its DNS name. */
  readonly id: string
  readonly service: string
  readonly region: string
  /** What stands before it: a bucket, S3's `bucket`, or nothing. */
  readonly prefix: string
}

/**
 * `vpce-0123456789abcdef0-a1b2c3d4.kms.us-east-1.vpce.amazonaws.com`, with `-us-east-1a` for a zone, `kms-fips`, and S3's forms with
 * something before it. `….vpce.localhost` is the same for clients on this machine.
 */
const NAME =
  /^(?:(.+)\.)?(vpce-[\da-f]+)(?:-[a-z\d-]+)?\.([a-z\d]+)(?:-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d)\.vpce\.(?:amazonaws\.com|localhost)$/

/** Takes a Host header apart; undefined when it names no VPC endpoint. */
export function endpointHost(host: string): EndpointHost | undefined {
  // Nearly every request ends here.
  if (!host.includes('vpce-')) return undefined
  const found = NAME.exec(host.replace(/:\d+$/, '').toLowerCase())
  if (!found) return undefined
  const [, prefix = '', id = '', service = '', region = ''] = found
  return { id, service, region, prefix }
}

/** The bucket that S3's form of the name begins with: `bucket.vpce-…` itself names none, `photos.bucket.vpce-…` does. */
export function bucketOf({ prefix }: EndpointHost): string | undefined {
  if (prefix === '' || prefix === 'bucket') return undefined
  return prefix.endsWith('.bucket') ? prefix.slice(0, -'.bucket'.length) : prefix
}

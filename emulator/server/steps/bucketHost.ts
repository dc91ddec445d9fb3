import { bucketOf, endpointHost } from '../endpoints/host.ts'

/** `bucket.s3.us-east-1.amazonaws.com`, `bucket.s3.localhost`, `bucket.s3-us-west-2.amazonaws.com`, `bucket.s3.emulator`. */
const S3_HOST = /^(.+)\.s3(?:[.-][^:]*)?$/
/** What SDKs build for `http://localhost:4566`. */
const LOCALHOST = /^(.+)\.localhost$/

/**
 * The path in path form, whatever the host: `bucket.localhost/key` and `localhost/bucket/key` are both `/bucket/key`.
 * @param host the Host header, port included
 * @param path percent-encoded, as sent
 */
export function routeBucketHost(host: string, path: string): string {
  const endpoint = endpointHost(host)
  if (endpoint) return routed(bucketOf(endpoint), path)
  const name = host.replace(/:\d+$/, '').toLowerCase()
  const bucket = (S3_HOST.exec(name) ?? LOCALHOST.exec(name))?.[1]
  return bucket === 's3' ? path : routed(bucket, path)
}

const routed = (bucket: string | undefined, path: string) => (bucket === undefined ? path : `/${bucket}${path}`)

import type { IncomingMessage } from 'node:http'
import type { Emulator } from '../emulator/server/app.ts'
import { handle } from '../emulator/server/pipeline.ts'
import type { Middleware, RouterOptions } from './types.ts'

type Mounted = IncomingMessage & { readonly baseUrl?: string }

/** The emulator as a middleware: takes what is for AWS, and the admin door's requests, and passes on the rest. */
export function createRouter(emulator: Emulator, { takes = isForAws }: RouterOptions = {}): Middleware {
  // INVARIANT: an express app makes its kind of request and response of whatever it is handed.
  const admin = emulator.app as unknown as Middleware
  return (req, res, next) => {
    if (req.url?.startsWith('/_twokey/')) admin(req, res, next)
    else if (takes(req)) void handle(emulator.core, req, res)
    else next()
  }
}

/** Headers that clients of AWS send, signed or not. */
const MARKS = ['x-amz-target', 'x-amz-date', 'x-amz-content-sha256', 'amz-sdk-invocation-id', 'x-amz-user-agent']
/** Parameters of presigned URLs. */
const PRESIGNED = /[?&](?:X-Amz-Algorithm|X-Amz-Signature|AWSAccessKeyId)=/

/** Whether a request shows that it is for AWS. Anonymous requests of browsers to S3 do not, unless their host does. */
export function isForAws(req: Mounted): boolean {
  // Whoever gives it a path of its own means everything below it.
  if (req.baseUrl !== undefined && req.baseUrl !== '') return true
  const { headers, url = '' } = req
  if (headers.authorization?.startsWith('AWS4-') === true || MARKS.some((name) => headers[name] !== undefined))
    return true
  return PRESIGNED.test(url) || isAwsHost(headers.host ?? '') || asksForAws(headers['access-control-request-headers'])
}

/** `bucket.s3.localhost:4566`, `kms.us-east-1.amazonaws.com`. */
const isAwsHost = (host: string) => /\.amazonaws\.com(?::\d+)?$|(?:^|\.)s3[.-]/.test(host)

/** A browser's question before a request that will show the marks. */
const asksForAws = (names: string | undefined) => names !== undefined && /(?:^|[ ,])x-amz-/i.test(names)

import { AwsError } from '../../lib/awsError.ts'
import { defineService } from '../../operation/define.ts'
import { checkWholeBody } from './checksums/whole.ts'
import { crossOrigin } from './cors/crossOrigin.ts'
import { denied } from './denied.ts'
import { formUploads } from './post/uploads.ts'
import { queryHeaders } from './presigned.ts'
import { blobsInUse, s3State, type S3State } from './state.ts'

/**
 * What KMS says to S3's callers (facts: A9): its denials as S3's own, everything else as 400 `KMS.<name>`, texts unchanged. When KMS
 * throttles, S3 asks to slow down, in these words (aws-samples/cql-replicator issue 92: code, status and text from a log).
 */
export function keyFailure(error: AwsError): AwsError {
  if (error.code === 'ThrottlingException') {
    return new AwsError('SlowDown', 503, 'Please reduce your request rate for operations involving AWS KMS.')
  }
  return error.code === 'AccessDeniedException'
    ? new AwsError('AccessDenied', 403, error.text)
    : new AwsError(`KMS.${error.code}`, 400, error.text)
}

export const s3 = defineService<typeof import('@aws-sdk/client-s3'), S3State>({
  name: 's3',
  protocol: 'restXml',
  wire: {
    namespace: 'com.amazonaws.s3',
    version: '2006-03-01',
    xmlns: 'http://s3.amazonaws.com/doc/2006-03-01/',
  },
  load: () => import('@aws-sdk/client-s3'),
  state: s3State,
  denied,
  forwards: {
    invokedBy: 'fas.s3.amazonaws.com',
    viaService: (region) => `s3.${region}.amazonaws.com`,
    calledVia: 's3.amazonaws.com',
  },
  keyFailure,
  checkBody: checkWholeBody,
  crossOrigin,
  forms: formUploads,
  queryHeaders,
  liveBlobs: blobsInUse,
  start: ({ bucketKeys }) => {
    bucketKeys.clear()
  },
})

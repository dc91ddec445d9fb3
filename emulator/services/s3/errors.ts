import { AwsError } from '../../lib/awsError.ts'

/** S3's refusals, each in its own words (facts: A1 "Frequent errors", A9). */

export const invalidArgument = (text: string, name?: string, value?: string): AwsError =>
  new AwsError('InvalidArgument', 400, text, {
    fields: {
      ...(name !== undefined && { ArgumentName: name }),
      ...(value !== undefined && { ArgumentValue: value }),
    },
  })

export const invalidRequest = (text: string): AwsError => new AwsError('InvalidRequest', 400, text)

/** Honest: AWS does it, this emulator does not. */
export const notEmulated = (what: string): AwsError =>
  new AwsError('NotImplemented', 501, `twokey does not emulate ${what}`)

/** S3's answer to a header whose meaning S3 itself has not implemented. */
export const headerNotImplemented = (header: string, more?: string): AwsError =>
  new AwsError('NotImplemented', 501, 'A header you provided implies functionality that is not implemented', {
    fields: { Header: header, ...(more !== undefined && { additionalMessage: more }) },
  })

/** What strangers see: no reason at all. */
export const accessDenied = (text = 'Access Denied'): AwsError => new AwsError('AccessDenied', 403, text)

export const noSuchBucket = (bucket: string): AwsError =>
  new AwsError('NoSuchBucket', 404, 'The specified bucket does not exist', { fields: { BucketName: bucket } })

export const noSuchKey = (key: string, headers: Readonly<Record<string, string>> = {}): AwsError =>
  new AwsError('NoSuchKey', 404, 'The specified key does not exist.', { fields: { Key: key }, headers })

export const noSuchVersion = (key: string, versionId: string): AwsError =>
  new AwsError('NoSuchVersion', 404, 'The specified version does not exist.', {
    fields: { Key: key, VersionId: versionId },
  })

export const noSuchUpload = (uploadId: string): AwsError =>
  new AwsError(
    'NoSuchUpload',
    404,
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    { fields: { UploadId: uploadId } },
  )

/** The answer to anything but the deletion of a delete marker that was named by its id (facts: captures 7.8). */
export const isDeleteMarker = (method: string, versionId: string, lastModified: number): AwsError =>
  new AwsError('MethodNotAllowed', 405, NOT_ALLOWED, {
    fields: { Method: method, ResourceType: 'DeleteMarker' },
    headers: {
      allow: 'DELETE',
      'last-modified': new Date(lastModified).toUTCString(),
      ...markerHeaders(versionId),
    },
  })

/** What answers say about the delete marker that they are about. */
export const markerHeaders = (versionId: string) => ({
  'x-amz-delete-marker': 'true',
  'x-amz-version-id': versionId,
})

const NOT_ALLOWED = 'The specified method is not allowed against this resource.'

export const methodNotAllowed = (method: string, resourceType: string): AwsError =>
  new AwsError('MethodNotAllowed', 405, NOT_ALLOWED, {
    fields: { Method: method, ResourceType: resourceType },
  })

export const malformedXml = (): AwsError =>
  new AwsError(
    'MalformedXML',
    400,
    'The XML you provided was not well-formed or did not validate against our published schema',
  )

export const preconditionFailed = (condition: string, status = 412): AwsError =>
  new AwsError('PreconditionFailed', status, 'At least one of the pre-conditions you specified did not hold', {
    fields: { Condition: condition },
  })

/** A sub-resource that was never configured: code, S3's sentence, and the bucket it was asked of. */
export const notConfigured = (code: string, text: string, bucket: string): AwsError =>
  new AwsError(code, 404, text, { fields: { BucketName: bucket } })

export const internalError = (): AwsError =>
  new AwsError('InternalError', 500, 'We encountered an internal error. Please try again.')

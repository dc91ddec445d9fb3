import { describe, expect, it } from '@jest/globals'
import { restXml } from '../../emulator/wire/restXml.ts'
import { request, s3 } from './clients.ts'

describe('operationOf', () => {
  const of = (line: string, headers: Record<string, string> = {}) => {
    const [method = '', target = ''] = line.split(' ')
    const [path = '', query = ''] = target.split('?')
    return restXml.operationOf(request({ method, path, query, headers }), s3.model)
  }
  const copying = { 'x-amz-copy-source': '/b/k' }

  it.each([
    ['GET /', 'ListBuckets'],
    ['GET /b', 'ListObjects'],
    ['GET /b/', 'ListObjects'],
    ['GET /b?list-type=2&prefix=a', 'ListObjectsV2'],
    ['GET /b?list-type=1', 'ListObjects'],
    ['GET /b?versions', 'ListObjectVersions'],
    ['GET /b?versions=', 'ListObjectVersions'],
    ['GET /b?uploads', 'ListMultipartUploads'],
    ['GET /b?policy', 'GetBucketPolicy'],
    ['GET /b?policyStatus', 'GetBucketPolicyStatus'],
    ['GET /b?location', 'GetBucketLocation'],
    ['GET /b?analytics', 'ListBucketAnalyticsConfigurations'],
    ['GET /b?analytics&id=1', 'GetBucketAnalyticsConfiguration'],
    ['PUT /b', 'CreateBucket'],
    ['PUT /b?encryption', 'PutBucketEncryption'],
    ['DELETE /b', 'DeleteBucket'],
    ['DELETE /b?encryption', 'DeleteBucketEncryption'],
    ['HEAD /b', 'HeadBucket'],
    ['POST /b?delete', 'DeleteObjects'],
    ['GET /b/k', 'GetObject'],
    ['GET /b/k/with/slashes', 'GetObject'],
    ['GET /b//', 'GetObject'],
    ['GET /b/k?versionId=1&partNumber=2', 'GetObject'],
    ['GET /b/k?x-id=GetObject', 'GetObject'],
    ['GET /b/k?attributes', 'GetObjectAttributes'],
    ['GET /b/k?uploadId=1', 'ListParts'],
    ['GET /b/k?tagging', 'GetObjectTagging'],
    ['HEAD /b/k', 'HeadObject'],
    ['PUT /b/k', 'PutObject'],
    ['PUT /b/k?acl', 'PutObjectAcl'],
    ['PUT /b/k?encryption', 'UpdateObjectEncryption'],
    ['PUT /b/k?partNumber=1&uploadId=1', 'UploadPart'],
    ['PUT /b/k?uploadId=1', 'UploadPart'],
    ['DELETE /b/k', 'DeleteObject'],
    ['DELETE /b/k?uploadId=1', 'AbortMultipartUpload'],
    ['DELETE /b/k?versionId=1', 'DeleteObject'],
    ['POST /b/k?uploads', 'CreateMultipartUpload'],
    ['POST /b/k?uploadId=1', 'CompleteMultipartUpload'],
    ['POST /b/k?select&select-type=2', 'SelectObjectContent'],
  ])('%s is %s', (line, operation) => {
    expect(of(line)).toBe(operation)
  })

  it('tells copies by their source', () => {
    expect(of('PUT /b/k', copying)).toBe('CopyObject')
    expect(of('PUT /b/k?partNumber=1&uploadId=1', copying)).toBe('UploadPartCopy')
    expect(of('PUT /b/k?acl', copying)).toBe('PutObjectAcl')
  })

  it.each([
    'POST /b',
    'POST /b/k',
    'DELETE /b?acl',
    'DELETE /b?versioning',
    'DELETE /b/k?uploads',
    'PUT /b?uploads',
    'POST /WriteGetObjectResponse',
    'OPTIONS /b/k',
    'PATCH /b/k',
    'PUT /',
    'DELETE /',
  ])('%s is nothing', (line) => {
    expect(of(line)).toBeUndefined()
  })
})

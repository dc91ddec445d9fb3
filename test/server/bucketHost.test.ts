import { describe, expect, it } from '@jest/globals'
import { routeBucketHost } from '../../emulator/server/steps/bucketHost.ts'

describe('S3 addressing', () => {
  it.each([
    ['127.0.0.1:4566', '/b/k', '/b/k'],
    ['localhost:4566', '/b/k', '/b/k'],
    ['twokey:4566', '/b/k', '/b/k'],
    ['[::1]:4566', '/b/k', '/b/k'],
    ['s3.us-east-1.amazonaws.com', '/b/k', '/b/k'],
    ['s3.amazonaws.com', '/b/k', '/b/k'],
    ['s3.localhost:4566', '/b/k', '/b/k'],
    ['b.localhost:4566', '/k', '/b/k'],
    ['b.s3.localhost:4566', '/k', '/b/k'],
    ['b.s3.us-east-1.amazonaws.com', '/k', '/b/k'],
    ['b.s3-us-west-2.amazonaws.com', '/k', '/b/k'],
    ['b.s3.amazonaws.com', '/', '/b/'],
    ['my.dotted.bucket.s3.amazonaws.com', '/a%2Fb', '/my.dotted.bucket/a%2Fb'],
    ['b.s3.twokey:4566', '/k', '/b/k'],
  ])('%s %s is %s', (host, path, routed) => {
    expect(routeBucketHost(host, path)).toBe(routed)
  })
})

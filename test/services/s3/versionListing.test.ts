import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type ListObjectVersionsCommandInput,
  type ListObjectVersionsCommandOutput,
} from '@aws-sdk/client-s3'
import { send, signed } from '../../support/raw.ts'
import { allow, denied, refusal, startWorld, type World } from './support.ts'

const Bucket = 'listed'
let world: World
/** Every version and marker, `<key> <version id>`, in S3's order: keys ascending, newest first. */
let everything: string[]
beforeAll(async () => {
  world = await startWorld(Bucket)
  await write('photos/before', 'null')
  await world.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }))
  const newestFirst = new Map<string, string[]>()
  const note = (key: string, id: string | undefined) =>
    newestFirst.set(key, [`${key} ${id}`, ...(newestFirst.get(key) ?? [])])
  note('photos/before', 'null')
  // One after the other: the order is the point.
  for (const key of ['a', 'a', 'b', 'photos/1', 'a', 'photos/2', 'photos/before', 'photos/1', 'z', 'ü', 'a\0b']) {
    note(key, await write(key))
    if (key === 'b' || key === 'photos/1') {
      const { VersionId } = await world.s3.send(new DeleteObjectCommand({ Bucket, Key: key }))
      note(key, VersionId)
    }
  }
  note('photos/1', await write('photos/1'))
  everything = [...newestFirst.entries()]
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .flatMap(([, versions]) => versions)
})
afterAll(() => world.stop())

const write = async (Key: string, fallback?: string) =>
  (await world.s3.send(new PutObjectCommand({ Bucket, Key, Body: `of ${Key}` }))).VersionId ?? fallback

type Page = ListObjectVersionsCommandOutput
const list = (more: Partial<ListObjectVersionsCommandInput> = {}) =>
  world.s3.send(new ListObjectVersionsCommand({ Bucket, ...more }))
const rows = ({ Versions = [], DeleteMarkers = [] }: Page) =>
  [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => `${Key} ${VersionId}`)
const sorted = (names: readonly string[]) => [...names].sort()

/** All pages of at most `size`. */
async function pages(size: number, more: Partial<ListObjectVersionsCommandInput> = {}): Promise<Page[]> {
  const found: Page[] = []
  let KeyMarker: string | undefined
  let VersionIdMarker: string | undefined
  for (;;) {
    const page = await list({ MaxKeys: size, KeyMarker, VersionIdMarker, ...more })
    found.push(page)
    if (page.IsTruncated !== true) return found
    KeyMarker = page.NextKeyMarker
    VersionIdMarker = page.NextVersionIdMarker
  }
}

describe('ListObjectVersions', () => {
  it('tells everything about versions and delete markers', async () => {
    const page = await list()
    expect(page).toMatchObject({ Name: Bucket, Prefix: '', KeyMarker: '', VersionIdMarker: '', MaxKeys: 1000 })
    expect(page.IsTruncated).toBe(false)
    expect(page.NextKeyMarker).toBeUndefined()
    expect(sorted(rows(page))).toEqual(sorted(everything))
    const version = page.Versions?.find(({ Key }) => Key === 'z')
    expect(version).toEqual({
      Key: 'z',
      VersionId: expect.stringMatching(/^[A-Za-z0-9._]{32}$/),
      IsLatest: true,
      LastModified: expect.any(Date),
      ETag: expect.stringMatching(/^"[0-9a-f]{32}"$/),
      ChecksumAlgorithm: [expect.stringMatching(/^CRC/)],
      ChecksumType: 'FULL_OBJECT',
      Size: 4,
      StorageClass: 'STANDARD',
      Owner: { ID: expect.stringMatching(/^[0-9a-f]{64}$/) },
    })
    const markers = page.DeleteMarkers?.filter(({ Key }) => Key === 'b')
    expect(markers).toEqual([
      {
        Key: 'b',
        VersionId: expect.stringMatching(/^[A-Za-z0-9._]{32}$/),
        IsLatest: true,
        LastModified: expect.any(Date),
        Owner: version?.Owner,
      },
    ])
  })

  it('says of one version of each key that it is the latest', async () => {
    const { Versions = [], DeleteMarkers = [] } = await list()
    const latest = [...Versions, ...DeleteMarkers].filter(({ IsLatest }) => IsLatest)
    const newest = everything.filter((name, at) => at === 0 || everything[at - 1]?.split(' ')[0] !== name.split(' ')[0])
    expect(sorted(latest.map(({ Key, VersionId }) => `${Key} ${VersionId}`))).toEqual(sorted(newest))
  })

  it.each([1, 2, 3, 5])('gives everything once and in order in pages of %d', async (size) => {
    const found = await pages(size)
    expect(found).toHaveLength(Math.ceil(everything.length / size))
    for (const [index, page] of found.entries()) {
      const expected = everything.slice(index * size, index * size + size)
      expect(sorted(rows(page))).toEqual(sorted(expected))
      if (page.IsTruncated) expect(`${page.NextKeyMarker} ${page.NextVersionIdMarker}`).toBe(expected.at(-1))
    }
  })

  it('rolls keys up to a delimiter, in pages too', async () => {
    const whole = await list({ Delimiter: '/' })
    expect(whole.CommonPrefixes).toEqual([{ Prefix: 'photos/' }])
    const plain = everything.filter((name) => !name.startsWith('photos/'))
    expect(sorted(rows(whole))).toEqual(sorted(plain))
    const found = await pages(1, { Delimiter: '/' })
    expect(found).toHaveLength(plain.length + 1)
    expect(sorted(found.flatMap(rows))).toEqual(sorted(plain))
    const prefixes = found.filter(({ CommonPrefixes }) => CommonPrefixes)
    expect(prefixes).toHaveLength(1)
    expect(prefixes[0]).toMatchObject({ CommonPrefixes: [{ Prefix: 'photos/' }], NextKeyMarker: 'photos/' })
    expect(prefixes[0]?.NextVersionIdMarker).toBeUndefined()
  })

  it('keeps to a prefix', async () => {
    const photos = everything.filter((name) => name.startsWith('photos/'))
    expect(sorted(rows(await list({ Prefix: 'photos/' })))).toEqual(sorted(photos))
    expect(sorted((await pages(2, { Prefix: 'photos/' })).flatMap(rows))).toEqual(sorted(photos))
    expect(rows(await list({ Prefix: 'nothing' }))).toEqual([])
  })

  it('begins after all versions of a key, or after one of them', async () => {
    const after = (key: string) => everything.slice(everything.findLastIndex((name) => name.startsWith(`${key} `)) + 1)
    expect(sorted(rows(await list({ KeyMarker: 'a' })))).toEqual(sorted(after('a')))
    expect(sorted(rows(await list({ KeyMarker: 'b' })))).toEqual(sorted(after('b')))
    expect(rows(await list({ KeyMarker: 'zzz' }))).toEqual(rows(await list({ Prefix: 'ü' })))
    const [first = ''] = everything
    const marked = await list({ KeyMarker: 'a', VersionIdMarker: first.split(' ')[1] })
    expect(sorted(rows(marked))).toEqual(sorted(everything.slice(1)))
    const unknown = await list({ KeyMarker: 'photos/before', VersionIdMarker: 'null' })
    expect(sorted(rows(unknown))).toEqual(sorted(after('photos/before')))
  })

  it('goes on after a version that has been deleted meanwhile', async () => {
    const name = 'emptied'
    await world.s3.send(new CreateBucketCommand({ Bucket: name }))
    const VersioningConfiguration = { Status: 'Enabled' as const }
    await world.s3.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration }))
    for (let n = 0; n < 7; n++) await world.s3.send(new PutObjectCommand({ Bucket: name, Key: 'k', Body: `${n}` }))
    let markers: Partial<ListObjectVersionsCommandInput> = {}
    let deleted = 0
    for (;;) {
      const page = await list({ Bucket: name, MaxKeys: 2, ...markers })
      for (const { Key, VersionId } of page.Versions ?? []) {
        await world.s3.send(new DeleteObjectCommand({ Bucket: name, Key, VersionId }))
        deleted++
      }
      if (!page.IsTruncated) break
      markers = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
    }
    expect(deleted).toBe(7)
    expect(rows(await list({ Bucket: name }))).toEqual([])
  })

  it('encodes keys when asked to', async () => {
    const { EncodingType, Versions } = await list({ Prefix: 'ü', EncodingType: 'url' })
    expect([EncodingType, Versions?.[0]?.Key]).toEqual(['url', '%C3%BC'])
  })

  it('takes max-keys of none and of more than a thousand', async () => {
    expect(await list({ MaxKeys: 0 })).toMatchObject({ MaxKeys: 0, IsTruncated: false })
    expect(await list({ MaxKeys: 5000 })).toMatchObject({ MaxKeys: 1000, IsTruncated: false })
  })

  it.each([
    ['version-id-marker=null', 'A version-id marker cannot be specified without a key marker.'],
    ['key-marker=a&version-id-marker=', 'A version-id marker cannot be empty.'],
    ['key-marker=a&version-id-marker=short', 'Invalid version id specified'],
    ['encoding-type=base64', 'Invalid Encoding Method specified in Request'],
    ['max-keys=-1', 'Argument maxKeys must be an integer between 0 and 2147483647'],
  ])('refuses %s', async (query, message) => {
    const { url } = world.emulator
    const answer = await send(url, signed(url, 's3', { method: 'GET', path: `/${Bucket}?versions=&${query}` }))
    expect([answer.status, answer.body]).toEqual([
      400,
      expect.stringContaining(`<Code>InvalidArgument</Code><Message>${message}</Message>`),
    ])
  })

  it('needs s3:ListBucketVersions, on what its condition keys say', async () => {
    const bucket = `arn:aws:s3:::${Bucket}`
    const reader = await world.user('lister', allow('s3:ListBucket', bucket), {
      ...allow('s3:ListBucketVersions', bucket),
      Condition: { StringEquals: { 's3:prefix': 'photos/' } },
    })
    const command = (more: object = {}) => reader.s3.send(new ListObjectVersionsCommand({ Bucket, ...more }))
    expect(await refusal(command())).toEqual(
      denied(
        `User: ${reader.arn} is not authorized to perform: s3:ListBucketVersions on resource: "${bucket}" because no identity-based policy allows the s3:ListBucketVersions action`,
      ),
    )
    expect(rows(await command({ Prefix: 'photos/' }))).toHaveLength(
      everything.filter((name) => name.startsWith('photos/')).length,
    )
  })
})

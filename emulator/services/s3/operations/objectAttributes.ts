import type { GetObjectAttributesCommandInput } from '@aws-sdk/client-s3'
import type { SecretBytes } from '../../../crypto/types.ts'
import { objectResource } from '../access.ts'
import { checksumMembers, checksumValue } from '../checksums/requested.ts'
import { objectChecksum, partChecksum } from '../checksums/stored.ts'
import { answeredVersion } from '../data/versions.ts'
import { requireCustomerKey } from '../encryption/customerKeys.ts'
import { DECRYPT, openDataKey } from '../encryption/dataKeys.ts'
import { invalidArgument, invalidRequest } from '../errors.ts'
import { s3 } from '../service.ts'
import type { ObjectRecord } from '../state.ts'
import { readSubject } from './getObject.ts'
import { admitExisting, existing, readsObject, withVersion } from './onObject.ts'

const ATTRIBUTES: ReadonlySet<string> = new Set(['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'])
const HEADER = 'x-amz-object-attributes'

function readAttributes(given: readonly string[] | undefined): ReadonlySet<string> {
  if (!given || given.length === 0) {
    throw invalidRequest(`The ${HEADER} header specifying the attributes to be retrieved is either missing or empty`)
  }
  for (const name of given) {
    if (!ATTRIBUTES.has(name)) throw invalidArgument('Invalid attribute name specified.', HEADER, name)
  }
  return new Set(given)
}

const getObjectAttributes = s3.row('GetObjectAttributes', {
  ...readsObject,
  action: 's3:GetObjectAttributes',
  keyUse: DECRYPT,
  subject(input, call) {
    const subject = readSubject(input, call)
    readAttributes(input.ObjectAttributes)
    return subject
  },
  /** Attributes need the permission to read, too. */
  *admit(input, call, subject, main) {
    yield* admitExisting(input, call, subject, main)
    const resource = objectResource(subject.bucket, subject.key, call, subject.object)
    yield withVersion({ ...main, action: 's3:GetObject', resource }, input)
  },
  async run(input, call, subject) {
    const object = existing(subject)
    requireCustomerKey(object.encryption, subject.customerKey)
    const asked = readAttributes(input.ObjectAttributes)
    // KMS is asked whatever the attributes are (facts: captures 7.2).
    const dataKey = await openDataKey(object.encryption, call, subject.customerKey)
    return {
      VersionId: answeredVersion(subject.bucket, object),
      LastModified: new Date(object.lastModified),
      ...(asked.has('ETag') && { ETag: object.etag }),
      ...(asked.has('ObjectSize') && { ObjectSize: object.size }),
      ...(asked.has('StorageClass') && { StorageClass: object.storageClass as 'STANDARD' }),
      ...(asked.has('Checksum') && { Checksum: await checksumOf(object, dataKey) }),
      ...(asked.has('ObjectParts') &&
        object.uploadId !== undefined && { ObjectParts: partsOf(object, input, dataKey) }),
    }
  },
})

/** Here a composite checksum is shown without its number of parts (facts: captures 7.5). */
async function checksumOf(object: ObjectRecord, dataKey: SecretBytes) {
  const checksum = await objectChecksum(object, dataKey)
  return checksumMembers({ ...checksum, value: checksum.value.replace(/-\d+$/, '') })
}

const MOST_PARTS = 1000

function partsOf(
  { parts, checksum }: ObjectRecord,
  { MaxParts, PartNumberMarker }: Pick<GetObjectAttributesCommandInput, 'MaxParts' | 'PartNumberMarker'>,
  dataKey: SecretBytes,
) {
  // What S3 cannot use it ignores here (versity/versitygw issue 1806: of the number of parts; of the marker, by analogy).
  const marker = /^\d{1,9}$/.test(PartNumberMarker ?? '') ? Number(PartNumberMarker) : 0
  const max = MaxParts !== undefined && MaxParts >= 0 ? Math.min(MaxParts, MOST_PARTS) : MOST_PARTS
  const numbered = parts.map((part, index) => ({ part, number: index + 1 }))
  const rest = numbered.slice(marker)
  const page = rest.slice(0, max)
  return {
    TotalPartsCount: parts.length,
    PartNumberMarker: String(marker),
    NextPartNumberMarker: String(page.at(-1)?.number ?? 0),
    MaxParts: max,
    IsTruncated: rest.length > page.length,
    ...(checksum.type === 'COMPOSITE' && {
      Parts: page.map(({ part, number }) => ({
        PartNumber: number,
        Size: part.size,
        ...checksumValue({ algorithm: checksum.algorithm, value: partChecksum(part, dataKey) }),
      })),
    }),
  }
}

export const attributeRows = [getObjectAttributes]

import type { Explanation } from '../../../access/explain.ts'
import type { Actor, ScenarioStep } from '../../../server/world/scenario.ts'
import { listIn, tagsIn, textIn, unlessEmpty, type Facts } from './facts.ts'
import { placeOf, type KeyPart } from './resources.ts'

/** The call again, and what has to come before it. */
export interface CallPart {
  readonly with: object
  readonly body?: string
  readonly before?: readonly ScenarioStep[]
}

/** What a call is made of. */
interface Known {
  readonly facts: Facts
  readonly as: Actor
  readonly keys: readonly KeyPart[]
  readonly key: string
  readonly context: object
  /** The object or bucket that is asked for first; of a copy, its source. */
  readonly place: { Bucket: string; Key: string }
}

/** Undefined where the call needs more than is known. */
type Maker = (known: Known) => CallPart | undefined

/** Stands for what the real call carried: contents are not written down. */
const CONTENTS = 'not the real contents'
const BYTES = { text: CONTENTS }

/** @returns undefined for what cannot be written down */
export function callOf(facts: Facts, as: Actor, keys: readonly KeyPart[]): CallPart | undefined {
  const make = CALLS[`${facts.view.service}:${facts.view.operation ?? ''}`]
  const [asked] = facts.checks.filter(({ guard }) => guard === 'key')
  const context = unlessEmpty('EncryptionContext', asked?.encryptionContext ?? {})
  return make?.({ facts, as, keys, key: nameOf(asked), context, place: firstPlace(facts.checks) })
}

/** How the call names its key: by the alias it was called with, or by its ARN. */
const nameOf = (asked: Explanation | undefined) => (asked && textIn(asked, 'kms:RequestAlias')) ?? asked?.resource ?? ''

function firstPlace(checks: readonly Explanation[]): Known['place'] {
  const arns = checks.map((check) => placeOf(check.resource) ?? placeOf(check.encryptionContext?.['aws:s3:arn']))
  const { bucket = '', object = '' } = arns.find((each) => each !== undefined) ?? {}
  // With a Bucket Key KMS is told of the bucket only.
  return { Bucket: bucket, Key: object || 'object' }
}

const onKey: Maker = ({ key }) => ({ with: { KeyId: key } })
const onObject: Maker = ({ place }) => ({ with: place })
const onBucket: Maker = ({ place: { Bucket } }) => ({ with: { Bucket } })
const onList: Maker = ({ facts: { refused, checks }, place: { Bucket } }) => {
  const check = checks.find(({ action }) => action.startsWith('s3:List')) ?? refused
  const named = { Prefix: textIn(check, 's3:prefix'), Delimiter: textIn(check, 's3:delimiter') }
  return { with: { Bucket, ...defined(named) } }
}
const all = (service: string, names: readonly string[], make: Maker) =>
  Object.fromEntries(names.map((name) => [`${service}:${name}`, make]))

const defined = (members: object) =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))

/** The headers of a write that policies see. */
function headersOf(checks: readonly Explanation[]): object {
  const check = checks.find(({ action }) => action === 's3:PutObject')
  if (!check) return {}
  const encryption = textIn(check, 's3:x-amz-server-side-encryption')
  const tags = new URLSearchParams(tagsIn(check, 's3:RequestObjectTag/')).toString()
  return defined({
    ServerSideEncryption: encryption,
    SSEKMSKeyId: encryption === undefined ? undefined : textIn(check, 's3:x-amz-server-side-encryption-aws-kms-key-id'),
    ACL: textIn(check, 's3:x-amz-acl'),
    StorageClass: textIn(check, 's3:x-amz-storage-class'),
    Tagging: tags === '' ? undefined : tags,
  })
}

const put: Maker = ({ facts, place }) => ({ with: { ...place, ...headersOf(facts.checks) }, body: CONTENTS })
const begin: Maker = ({ facts, place }) => ({ with: { ...place, ...headersOf(facts.checks) } })

const copy: Maker = ({ facts: { checks }, place }) => {
  const by = (pattern: RegExp) => checks.find(({ action }) => pattern.test(action))
  const [made, read] = [by(/^kms:GenerateDataKey/), by(/^kms:Decrypt$/)]
  const from = placeOf(by(/^s3:GetObject/)?.resource) ?? { bucket: place.Bucket, object: place.Key }
  const to = placeOf(by(/^s3:PutObject$/)?.resource) ?? placeOf(made?.encryptionContext?.['aws:s3:arn'])
  const other = made && read && made.resource !== read.resource && to?.bucket === from.bucket
  return {
    with: {
      Bucket: to?.bucket ?? from.bucket,
      Key: (to?.object ?? '') || 'copy',
      CopySource: `${from.bucket}/${from.object}`,
      ...headersOf(checks),
      ...(other && { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: made.resource }),
    },
  }
}

const UPLOAD = { UploadId: '{{out:UploadId}}' }
const beginning = ({ as, place }: Known): ScenarioStep => ({
  says: 'an upload begins',
  as,
  do: 's3:CreateMultipartUpload',
  with: place,
  expect: 'allowed',
})
const part: Maker = (from) => ({
  with: { ...from.place, ...UPLOAD, PartNumber: 1 },
  body: CONTENTS,
  before: [beginning(from)],
})
const onUpload: Maker = (from) => ({ with: { ...from.place, ...UPLOAD }, before: [beginning(from)] })
const complete: Maker = (from) => ({
  with: { ...from.place, ...UPLOAD, MultipartUpload: { Parts: [{ PartNumber: 1, ETag: '{{out:ETag}}' }] } },
  before: [
    beginning(from),
    {
      says: 'a part is put',
      as: from.as,
      do: 's3:UploadPart',
      with: { ...from.place, ...UPLOAD, PartNumber: 1 },
      body: CONTENTS,
      expect: 'allowed',
    },
  ],
})

/** A ciphertext of the key's own account: the real one is not written down. */
const sealed = ({ keys, context, facts: { refused } }: Known): ScenarioStep[] => {
  const key = keys.find(({ arn }) => arn === refused.resource) ?? keys[0]
  if (!key) return []
  return [
    {
      says: 'something is encrypted',
      as: key.account,
      do: 'kms:Encrypt',
      region: key.region,
      with: { KeyId: key.arn, Plaintext: BYTES, ...context },
      expect: 'allowed',
    },
  ]
}
const SEALED = { CiphertextBlob: { base64: '{{out:CiphertextBlob}}' } }
const decrypt: Maker = (from) => {
  // AWS's words differ: the key that was named, or the one in the ciphertext.
  const named = from.facts.error.message.includes(' on this resource because')
  return { with: { ...(named && { KeyId: from.key }), ...SEALED, ...from.context }, before: sealed(from) }
}
const reEncrypt: Maker = (from) => {
  const side = (action: string) => from.facts.checks.find((check) => check.action === action)
  const [source, target] = [side('kms:ReEncryptFrom'), side('kms:ReEncryptTo')]
  return {
    with: {
      ...SEALED,
      ...unlessEmpty('SourceEncryptionContext', source?.encryptionContext ?? {}),
      DestinationKeyId: (target ?? source)?.resource ?? from.key,
      ...unlessEmpty('DestinationEncryptionContext', target?.encryptionContext ?? {}),
    },
    before: sealed({ ...from, facts: { ...from.facts, refused: source ?? from.facts.refused } }),
  }
}
const createGrant: Maker = ({ key, facts: { refused } }) => ({
  with: {
    KeyId: key,
    GranteePrincipal: textIn(refused, 'kms:GranteePrincipal') ?? refused.principal.named,
    Operations: listIn(refused, 'kms:GrantOperations'),
    ...defined({ RetiringPrincipal: textIn(refused, 'kms:RetiringPrincipal') }),
  },
})
const by =
  (members: (check: Explanation) => object): Maker =>
  ({ key, context, facts: { refused } }) => ({ with: { KeyId: key, ...members(refused), ...context } })

const assumeRole: Maker = ({ facts: { refused } }) => ({
  with: {
    RoleArn: refused.resource,
    RoleSessionName: textIn(refused, 'sts:RoleSessionName') ?? 'session',
    ...defined({
      ExternalId: textIn(refused, 'sts:ExternalId'),
      SourceIdentity: textIn(refused, 'sts:SourceIdentity'),
    }),
  },
})

/** Of nothing: a snapshot, its owner and how it was shared are not known. */
const createVolume: Maker = ({ facts: { view, checks }, key }) =>
  checks.some(({ resource }) => resource.includes(':snapshot/'))
    ? undefined
    : { with: { AvailabilityZone: `${view.region}a`, Size: 1, ...(key !== '' && { Encrypted: true, KmsKeyId: key }) } }

const OBJECT_READS = [
  'GetObject',
  'HeadObject',
  'GetObjectAcl',
  'GetObjectTagging',
  'DeleteObject',
  'DeleteObjectTagging',
]
const BUCKET_READS = ['HeadBucket', 'GetBucketPolicy', 'GetBucketEncryption', 'GetBucketLocation', 'GetBucketAcl']
const BUCKET_MORE = [
  'GetBucketVersioning',
  'GetBucketTagging',
  'GetPublicAccessBlock',
  'DeleteBucket',
  'DeleteBucketPolicy',
]
const KEY_READS = [
  'DescribeKey',
  'GetKeyPolicy',
  'GetKeyRotationStatus',
  'ListGrants',
  'ListResourceTags',
  'ListKeyPolicies',
]
const KEY_CHANGES = [
  'DisableKey',
  'EnableKey',
  'EnableKeyRotation',
  'DisableKeyRotation',
  'ScheduleKeyDeletion',
  'GetPublicKey',
]
const plaintext = () => ({ Plaintext: BYTES })
const dataKey = () => ({ KeySpec: 'AES_256' })
const pair = (check: Explanation) => ({ KeyPairSpec: textIn(check, 'kms:DataKeyPairSpec') ?? 'RSA_2048' })
const signing = (check: Explanation) => ({ Message: BYTES, SigningAlgorithm: textIn(check, 'kms:SigningAlgorithm') })
const mac = (check: Explanation) => ({ Message: BYTES, MacAlgorithm: textIn(check, 'kms:MacAlgorithm') })

const CALLS: Readonly<Record<string, Maker>> = {
  ...all('s3', OBJECT_READS, onObject),
  ...all('s3', [...BUCKET_READS, ...BUCKET_MORE], onBucket),
  ...all('s3', ['ListObjects', 'ListObjectsV2', 'ListObjectVersions'], onList),
  's3:PutObject': put,
  's3:CopyObject': copy,
  's3:CreateMultipartUpload': begin,
  's3:UploadPart': part,
  's3:CompleteMultipartUpload': complete,
  ...all('s3', ['AbortMultipartUpload', 'ListParts'], onUpload),
  ...all('kms', [...KEY_READS, ...KEY_CHANGES], onKey),
  'kms:Encrypt': by(plaintext),
  ...all('kms', ['GenerateDataKey', 'GenerateDataKeyWithoutPlaintext'], by(dataKey)),
  ...all('kms', ['GenerateDataKeyPair', 'GenerateDataKeyPairWithoutPlaintext'], by(pair)),
  'kms:Decrypt': decrypt,
  'kms:ReEncrypt': reEncrypt,
  'kms:CreateGrant': createGrant,
  'kms:Sign': by(signing),
  'kms:GenerateMac': by(mac),
  'sts:AssumeRole': assumeRole,
  'ec2:CreateVolume': createVolume,
}

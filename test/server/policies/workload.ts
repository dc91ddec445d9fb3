import { CopySnapshotCommand, DescribeSnapshotsCommand, CreateVolumeCommand, EC2Client } from '@aws-sdk/client-ec2'
import { EBSClient } from '@aws-sdk/client-ebs'
import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  GetUserCommand,
  IAMClient,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam'
import {
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetKeyPolicyCommand,
  KMSClient,
  ListKeysCommand,
  PutKeyPolicyCommand,
  ReEncryptCommand,
  RevokeGrantCommand,
} from '@aws-sdk/client-kms'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { written } from '../../services/ec2/direct/support.ts'
import { finished, sharing } from '../../services/ec2/snapshotSupport.ts'
import { allow, policy } from '../../services/s3/support.ts'
import {
  ACCOUNT,
  OTHER_ACCOUNT,
  rootOf,
  startEmulator,
  type Credentials,
  type TestEmulator,
} from '../../support/emulator.ts'
import type { Settings } from '../../../emulator/server/settings.ts'
import type { GeneratedPolicies } from '../../../emulator/server/policies/report.ts'

export const ADMIN = `arn:aws:iam::${ACCOUNT}:user/admin`
export const ROLE = `arn:aws:iam::${ACCOUNT}:role/app`

/** Somebody's clients. */
export interface Actor {
  readonly arn: string
  readonly credentials: Credentials
  readonly s3: S3Client
  readonly kms: KMSClient
  readonly ec2: EC2Client
  readonly sts: STSClient
  readonly iam: IAMClient
}

export interface Place {
  readonly twokey: TestEmulator
  readonly root: Actor
  readonly other: Actor
  readonly admin: Actor
  /** The ARN of its only policy, which allows everything. */
  readonly adminPolicy: string
  /** Used directly. */
  readonly key: string
  /** Used by S3 only. */
  readonly bucketKey: string
  /** Its policy names the administrator and delegates nothing. */
  readonly closed: string
  /** Another account's; its policy names the administrator. */
  readonly foreign: string
  /** Another account's, under its key, shared with this one. */
  readonly snapshot: string
}

export const actor = (twokey: TestEmulator, arn: string, credentials: Credentials): Actor => ({
  arn,
  credentials,
  s3: twokey.client(S3Client, { credentials }),
  kms: twokey.client(KMSClient, { credentials }),
  ec2: twokey.client(EC2Client, { credentials }),
  sts: twokey.client(STSClient, { credentials }),
  iam: twokey.client(IAMClient, { credentials }),
})

/** A user, with managed policies of these documents. */
export async function user(root: Actor, twokey: TestEmulator, name: string, ...documents: readonly string[]) {
  const { User } = await root.iam.send(new CreateUserCommand({ UserName: name }))
  const { AccessKey } = await root.iam.send(new CreateAccessKeyCommand({ UserName: name }))
  await attach(root, name, ...documents)
  return actor(twokey, User!.Arn!, {
    accessKeyId: AccessKey!.AccessKeyId!,
    secretAccessKey: AccessKey!.SecretAccessKey!,
  })
}

let policies = 0

/** Managed policies of these documents. @returns their ARNs */
export async function attach(root: Actor, name: string, ...documents: readonly string[]): Promise<string[]> {
  const arns: string[] = []
  for (const [index, PolicyDocument] of documents.entries()) {
    const { Policy } = await root.iam.send(
      new CreatePolicyCommand({ PolicyName: `${name}-${String(index)}-${String(++policies)}`, PolicyDocument }),
    )
    await root.iam.send(new AttachUserPolicyCommand({ UserName: name, PolicyArn: Policy!.Arn }))
    arns.push(Policy!.Arn!)
  }
  return arns
}

const USE = [
  'kms:Encrypt',
  'kms:Decrypt',
  'kms:ReEncrypt*',
  'kms:GenerateDataKey*',
  'kms:CreateGrant',
  'kms:DescribeKey',
]

export async function build(settings: Partial<Settings> = {}): Promise<Place> {
  const twokey = await startEmulator({ asyncDelay: 0, ...settings })
  const root = actor(twokey, `arn:aws:iam::${ACCOUNT}:root`, rootOf(ACCOUNT))
  const other = actor(twokey, `arn:aws:iam::${OTHER_ACCOUNT}:root`, rootOf(OTHER_ACCOUNT))
  const admin = await user(root, twokey, 'admin')
  const [adminPolicy = ''] = await attach(root, 'admin', policy(allow('*')))
  const newKey = async (by: Actor, ...statements: readonly object[]) => {
    const input = statements.length > 0 ? { Policy: policy(...statements), BypassPolicyLockoutSafetyCheck: true } : {}
    const { KeyMetadata } = await by.kms.send(new CreateKeyCommand(input))
    return KeyMetadata!.Arn!
  }
  const [key, bucketKey] = [await newKey(root), await newKey(root)]
  const closed = await newKey(
    root,
    { ...allow('kms:*'), Principal: { AWS: ADMIN } },
    { ...allow(['kms:GetKeyPolicy', 'kms:PutKeyPolicy']), Principal: { AWS: root.arn } },
  )
  const foreign = await newKey(
    other,
    { ...allow('kms:*'), Principal: { AWS: other.arn } },
    { ...allow(USE), Principal: { AWS: ADMIN } },
  )
  await root.kms.send(new CreateAliasCommand({ AliasName: 'alias/app', TargetKeyId: key }))
  for (const Bucket of ['data', 'cheap']) {
    await root.s3.send(new CreateBucketCommand({ Bucket }))
    await root.s3.send(
      new PutBucketEncryptionCommand({
        Bucket,
        ServerSideEncryptionConfiguration: {
          Rules: [
            {
              ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: bucketKey },
              BucketKeyEnabled: Bucket === 'cheap',
            },
          ],
        },
      }),
    )
  }
  await other.s3.send(new CreateBucketCommand({ Bucket: 'theirs' }))
  await other.s3.send(
    new PutBucketPolicyCommand({
      Bucket: 'theirs',
      Policy: policy({ ...allow('s3:*', ['arn:aws:s3:::theirs', 'arn:aws:s3:::theirs/*']), Principal: { AWS: ADMIN } }),
    }),
  )
  const trust = policy({ Effect: 'Allow', Principal: { AWS: root.arn }, Action: 'sts:AssumeRole' })
  await root.iam.send(new CreateRoleCommand({ RoleName: 'app', AssumeRolePolicyDocument: trust }))
  await root.iam.send(
    new PutRolePolicyCommand({ RoleName: 'app', PolicyName: 'all', PolicyDocument: policy(allow('*')) }),
  )
  await user(root, twokey, 'reader')
  const ebs = twokey.client(EBSClient, { credentials: rootOf(OTHER_ACCOUNT) })
  const snapshot = await written(ebs, { 0: 1 }, { KmsKeyArn: foreign })
  await other.ec2.send(sharing(snapshot, ACCOUNT))
  return { twokey, root, other, admin, adminPolicy, key, bucketKey, closed, foreign, snapshot }
}

type Step = (by: Actor, place: Place) => Promise<unknown>

const put =
  (Bucket: string, Key: string, more: object = {}): Step =>
  ({ s3 }) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', ...more }))
const get =
  (Bucket: string, Key: string): Step =>
  async ({ s3 }) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
    await Body?.transformToString()
  }

const blob = (text: string) => Buffer.from(text)

/** Encrypts as the account's root, and decrypts as the actor. */
const decrypting =
  (keyOf: (place: Place) => string, EncryptionContext: Record<string, string>): Step =>
  async ({ kms }, place) => {
    const KeyId = keyOf(place)
    const by = KeyId.includes(OTHER_ACCOUNT) ? place.other : KeyId === place.closed ? place.admin : place.root
    const { CiphertextBlob } = await by.kms.send(
      new EncryptCommand({ KeyId, EncryptionContext, Plaintext: blob('secret') }),
    )
    await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }))
  }

/** What an application does. Each step may be done again and again, in any order. */
export const WORKLOAD: Readonly<Record<string, Step>> = {
  'put an object': put('data', 'reports/a.txt'),
  'put an object with tags': put('data', 'reports/tagged.txt', { Tagging: 'team=blue' }),
  'put and get an object with an odd name': async (by, place) => {
    await put('data', 'odd/*?${aws:username}.txt')(by, place)
    await get('data', 'odd/*?${aws:username}.txt')(by, place)
  },
  'put with an encryption context': put('data', 'reports/context.txt', {
    ServerSideEncryption: 'aws:kms',
    SSEKMSEncryptionContext: Buffer.from(JSON.stringify({ tenant: '${blue}*' })).toString('base64'),
  }),
  'get an object': async (by, place) => {
    await put('data', 'reports/read.txt')(place.root, place)
    await get('data', 'reports/read.txt')(by, place)
  },
  'head an object': ({ s3 }) => s3.send(new HeadObjectCommand({ Bucket: 'data', Key: 'nothing/here.txt' })),
  'get what is not there': get('data', 'nothing/there.txt'),
  'read tags': async ({ s3 }, place) => {
    await put('data', 'reports/tags.txt', { Tagging: 'a=b' })(place.root, place)
    await s3.send(new GetObjectTaggingCommand({ Bucket: 'data', Key: 'reports/tags.txt' }))
  },
  list: ({ s3 }) => s3.send(new ListObjectsV2Command({ Bucket: 'cheap', Prefix: 'logs/' })),
  'upload in parts': async ({ s3 }) => {
    const named = { Bucket: 'data', Key: 'reports/large.bin' }
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(named))
    const { ETag } = await s3.send(new UploadPartCommand({ ...named, UploadId, PartNumber: 1, Body: 'part' }))
    await s3.send(
      new CompleteMultipartUploadCommand({ ...named, UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } }),
    )
  },
  'copy from bucket to bucket': async ({ s3 }, place) => {
    await put('data', 'reports/source.txt', { Tagging: 'a=b' })(place.root, place)
    await s3.send(
      new CopyObjectCommand({ Bucket: 'cheap', Key: 'copies/1.txt', CopySource: 'data/reports/source.txt' }),
    )
  },
  delete: ({ s3 }) => s3.send(new DeleteObjectCommand({ Bucket: 'data', Key: 'reports/old.txt' })),
  'delete several': ({ s3 }) =>
    s3.send(new DeleteObjectsCommand({ Bucket: 'data', Delete: { Objects: [{ Key: 'tmp/1' }, { Key: 'tmp/2' }] } })),
  'a bucket with Bucket Keys': async (by, place) => {
    for (const key of ['logs/1', 'logs/2']) await put('cheap', key)(by, place)
    for (const key of ['logs/1', 'logs/2']) await get('cheap', key)(by, place)
  },
  "another account's bucket": async (by, place) => {
    await put('theirs', 'inbox/1.txt')(by, place)
    await get('theirs', 'inbox/1.txt')(by, place)
  },
  'encrypt for a team': ({ kms }, { key }) =>
    kms.send(new EncryptCommand({ KeyId: key, Plaintext: blob('x'), EncryptionContext: { team: 'blue' } })),
  'decrypt for a team': decrypting(({ key }) => key, { team: 'blue' }),
  'decrypt for another team': decrypting(({ key }) => key, { team: 'green' }),
  'a data key for a purpose': ({ kms }, { key }) =>
    kms.send(
      new GenerateDataKeyCommand({
        KeyId: key,
        KeySpec: 'AES_256',
        EncryptionContext: { team: 'blue', purpose: 'cache' },
      }),
    ),
  're-encrypt for another team': async ({ kms }, { root, key }) => {
    const SourceEncryptionContext = { team: 'blue' }
    const { CiphertextBlob } = await root.kms.send(
      new EncryptCommand({ KeyId: key, Plaintext: blob('x'), EncryptionContext: SourceEncryptionContext }),
    )
    await kms.send(
      new ReEncryptCommand({
        CiphertextBlob,
        SourceEncryptionContext,
        DestinationKeyId: key,
        DestinationEncryptionContext: { team: 'red' },
      }),
    )
  },
  'describe a key by its alias': ({ kms }) => kms.send(new DescribeKeyCommand({ KeyId: 'alias/app' })),
  'list keys': ({ kms }) => kms.send(new ListKeysCommand({})),
  'grant and revoke': async ({ kms }, { key }) => {
    const { GrantId } = await kms.send(
      new CreateGrantCommand({
        KeyId: key,
        GranteePrincipal: `arn:aws:iam::${ACCOUNT}:user/reader`,
        Operations: ['Decrypt', 'DescribeKey'],
        Constraints: { EncryptionContextSubset: { team: 'blue' } },
      }),
    )
    await kms.send(new RevokeGrantCommand({ KeyId: key, GrantId }))
  },
  'a key that names its users': decrypting(({ closed }) => closed, { team: 'blue' }),
  "another account's key": decrypting(({ foreign }) => foreign, { from: 'them' }),
  'copy a snapshot across accounts': async ({ ec2 }, { snapshot, key, root }) => {
    const { SnapshotId } = await ec2.send(
      new CopySnapshotCommand({
        SourceSnapshotId: snapshot,
        SourceRegion: 'us-east-1',
        Encrypted: true,
        KmsKeyId: key,
        TagSpecifications: [{ ResourceType: 'snapshot', Tags: [{ Key: 'a', Value: 'b' }] }],
      }),
    )
    const { State, StateMessage } = await finished(root.ec2, SnapshotId)
    if (State !== 'completed') throw Object.assign(new Error(StateMessage), { name: State })
  },
  'create an encrypted volume': ({ ec2 }, { key }) =>
    ec2.send(new CreateVolumeCommand({ AvailabilityZone: 'us-east-1a', Size: 1, Encrypted: true, KmsKeyId: key })),
  'describe snapshots': ({ ec2 }) => ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] })),
  'assume a role': ({ sts }) => sts.send(new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'job' })),
  'ask who one is': ({ sts }) => sts.send(new GetCallerIdentityCommand({})),
  'look at a user': ({ iam }) => iam.send(new GetUserCommand({ UserName: 'reader' })),
}

/** What came of each step: `done`, or the error's name. */
export async function play(by: Actor, place: Place, steps = Object.keys(WORKLOAD)): Promise<Record<string, string>> {
  const outcomes: Record<string, string> = {}
  for (const step of steps) {
    outcomes[step] = await WORKLOAD[step]!(by, place).then(
      () => 'done',
      (error: unknown) => (error as Error).name,
    )
  }
  return outcomes
}

export async function generate(
  { twokey }: Pick<Place, 'twokey'>,
  query: Readonly<Record<string, string>>,
): Promise<GeneratedPolicies> {
  const response = await fetch(`${twokey.url}/_twokey/policy?${new URLSearchParams(query).toString()}`)
  const answer: unknown = await response.json()
  if (!response.ok) throw new Error((answer as { error: string }).error)
  return answer as GeneratedPolicies
}

export const documents = ({ identity }: GeneratedPolicies) => identity.map(({ document }) => JSON.stringify(document))

/** Adds statements to the policies of keys and buckets, as whoever owns them. */
export async function adopt(place: Place, { resources }: GeneratedPolicies): Promise<void> {
  for (const { kind, target, document } of resources) {
    const isOthers = target.includes(OTHER_ACCOUNT) || target === 'arn:aws:s3:::theirs'
    const owner = isOthers ? place.other : place.root
    const extended = (text: string | undefined) => {
      const present = JSON.parse(text ?? '') as { Statement: object[] }
      return JSON.stringify({ ...present, Statement: [...present.Statement, ...document.Statement] })
    }
    if (kind === 'key-policy') {
      const { Policy } = await owner.kms.send(new GetKeyPolicyCommand({ KeyId: target }))
      await owner.kms.send(new PutKeyPolicyCommand({ KeyId: target, Policy: extended(Policy) }))
    } else if (kind === 'bucket-policy') {
      const Bucket = target.slice('arn:aws:s3:::'.length)
      const { Policy } = await owner.s3.send(new GetBucketPolicyCommand({ Bucket }))
      await owner.s3.send(new PutBucketPolicyCommand({ Bucket, Policy: extended(Policy) }))
    } else throw new Error(`nobody expected a ${kind}`)
  }
}

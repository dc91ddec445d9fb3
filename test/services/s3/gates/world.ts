import { createHash } from 'node:crypto'
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam'
import { CreateKeyCommand, KMSClient, PutKeyPolicyCommand } from '@aws-sdk/client-kms'
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { DecisionView } from '../../../../emulator/audit/decisionLog.ts'
import { MEMBER as ACCOUNT, OrganizationWorld, rootOf, type Credentials } from '../../organizations/support.ts'
import { allow, policy } from '../support.ts'

export { MEMBER as ACCOUNT, OUTSIDER, rootOf, type Credentials } from '../../organizations/support.ts'

export const Bucket = 'gates'
/** With Object Lock, and one object under it. */
export const LOCKED = 'gates-locked'
export const SUBJECT = 'subject'
export const REGION = 'us-east-1'

/** One question that an operation asks before it does anything. */
export interface Check {
  readonly action: string
  readonly resource: string
}

export const isKeyCheck = ({ action }: Check): boolean => action.startsWith('kms:')

/** How a request ended, on the wire and in the decision log. */
export interface End {
  readonly status: number
  /** Undefined where nothing was refused, or where the answer has no body (HEAD). */
  readonly code: string | undefined
  readonly message: string | undefined
  readonly view: DecisionView
}

/** A multipart upload with one part. */
export interface Upload {
  readonly Key: string
  readonly UploadId: string
  readonly ETag: string
  readonly ChecksumSHA256?: string | undefined
}

/**
 * A bucket of an account that is a member of an organization, with objects and uploads under SSE-KMS, and a user whose permissions
 * the tests take away one by one.
 */
export class GatesWorld {
  readonly organization: OrganizationWorld
  readonly s3: S3Client
  readonly kms: KMSClient
  readonly iam: IAMClient
  /** What the bucket's objects are written under. */
  key = ''
  /** What the copied object is under. */
  sourceKey = ''
  /** What objects are brought under afterwards. */
  targetKey = ''
  /** Begun with SHA256, and begun without a checksum. */
  checked: Upload = NONE
  plain: Upload = NONE
  user: { readonly arn: string; readonly credentials: Credentials; readonly s3: S3Client }

  private constructor(organization: OrganizationWorld) {
    this.organization = organization
    const as = { credentials: rootOf(ACCOUNT) }
    this.s3 = organization.test.client(S3Client, as)
    this.kms = organization.test.client(KMSClient, as)
    this.iam = organization.test.client(IAMClient, as)
    this.user = { arn: '', credentials: rootOf(ACCOUNT), s3: this.s3 }
  }

  static async start(): Promise<GatesWorld> {
    const organization = await OrganizationWorld.start()
    await organization.found()
    await organization.join(ACCOUNT)
    await organization.enable('SERVICE_CONTROL_POLICY')
    await organization.enable('RESOURCE_CONTROL_POLICY')
    const world = new GatesWorld(organization)
    await world.s3.send(new CreateBucketCommand({ Bucket }))
    const rule = { BlockedEncryptionTypes: { EncryptionType: ['NONE' as const] } }
    await world.s3.send(
      new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules: [rule] } }),
    )
    await world.s3.send(new CreateBucketCommand({ Bucket: LOCKED, ObjectLockEnabledForBucket: true }))
    await world.newKeys()
    world.user = await world.person(ACCOUNT)
    await world.permit(allow('*'))
    await world.s3.send(
      new PutObjectCommand({
        Bucket: LOCKED,
        Key: 'locked',
        Body: 'of the lock',
        ObjectLockMode: 'GOVERNANCE',
        ObjectLockRetainUntilDate: new Date('2998-01-01T00:00:00Z'),
        ObjectLockLegalHoldStatus: 'ON',
      }),
    )
    await world.prepare()
    return world
  }

  get emulator() {
    return this.organization.test.emulator
  }

  stop(): Promise<void> {
    return this.organization.test.stop()
  }

  as(credentials: Credentials): S3Client {
    return this.organization.test.client(S3Client, { credentials })
  }

  /** Fresh ones, on which there are no grants. */
  async newKeys(): Promise<void> {
    this.key = await this.newKey()
    this.sourceKey = await this.newKey()
    this.targetKey = await this.newKey()
  }

  get keys(): readonly string[] {
    return [this.key, this.sourceKey, this.targetKey]
  }

  async newKey(): Promise<string> {
    const { KeyMetadata } = await this.kms.send(new CreateKeyCommand({}))
    return KeyMetadata?.Arn ?? ''
  }

  /** The same user name in any account; in others than ACCOUNT it may do everything. */
  async person(account: string) {
    const iam = this.organization.test.client(IAMClient, { credentials: rootOf(account) })
    const { User } = await iam.send(new CreateUserCommand({ UserName: SUBJECT }))
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: SUBJECT }))
    const { AccessKeyId = '', SecretAccessKey = '' } = AccessKey ?? {}
    const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey }
    return { arn: User?.Arn ?? '', credentials, s3: this.as(credentials) }
  }

  /** A role that may do everything, for sessions with policies of their own. */
  async role(): Promise<string> {
    const trust = policy({ Effect: 'Allow', Principal: { AWS: this.user.arn }, Action: 'sts:AssumeRole' })
    const { Role } = await this.iam.send(new CreateRoleCommand({ RoleName: SUBJECT, AssumeRolePolicyDocument: trust }))
    const all = policy(allow('*'))
    await this.iam.send(new PutRolePolicyCommand({ RoleName: SUBJECT, PolicyName: 'all', PolicyDocument: all }))
    return Role?.Arn ?? ''
  }

  /** All that the user's own policy says from now on. */
  async permit(...statements: readonly object[]): Promise<void> {
    const PolicyDocument = policy(...statements)
    await this.iam.send(new PutUserPolicyCommand({ UserName: SUBJECT, PolicyName: 'inline', PolicyDocument }))
  }

  async bucketPolicy(...statements: readonly object[]): Promise<void> {
    for (const name of [Bucket, LOCKED]) {
      const about = statements.flatMap((statement) => narrowed(statement as PolicyStatement, name))
      if (about.length === 0) await this.s3.send(new DeleteBucketPolicyCommand({ Bucket: name }))
      else await this.s3.send(new PutBucketPolicyCommand({ Bucket: name, Policy: policy(...about) }))
    }
  }

  /** What a key's policy says from now on, besides that the root user may do everything with it. */
  async keyPolicy(KeyId: string, ...statements: readonly object[]): Promise<void> {
    const Policy = policy(ONLY_ROOT, ...statements)
    await this.kms.send(new PutKeyPolicyCommand({ KeyId, Policy, BypassPolicyLockoutSafetyCheck: true }))
  }

  /** The policy of a new key: the account decides. */
  async defaultKeyPolicy(KeyId: string): Promise<void> {
    await this.kms.send(new PutKeyPolicyCommand({ KeyId, Policy: policy(DELEGATION) }))
  }

  /** Objects and uploads as every operation finds them; what successful ones left goes away. */
  async prepare(): Promise<void> {
    const { Uploads = [] } = await this.s3.send(new ListMultipartUploadsCommand({ Bucket }))
    for (const { Key, UploadId } of Uploads) {
      await this.s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
    }
    for (const Key of ['new', 'copy', 'checked', 'plain', 'begun']) {
      await this.s3.send(new DeleteObjectCommand({ Bucket, Key }))
    }
    const encrypted = { Bucket, ServerSideEncryption: 'aws:kms' as const, Tagging: 'team=blue' }
    await this.s3.send(
      new PutObjectCommand({ ...encrypted, Key: 'object', Body: 'of the object', SSEKMSKeyId: this.key }),
    )
    await this.s3.send(
      new PutObjectCommand({ ...encrypted, Key: 'source', Body: 'of the source', SSEKMSKeyId: this.sourceKey }),
    )
    await this.s3.send(new PutObjectCommand({ Bucket, Key: 'customer', Body: 'of a customer', ...CUSTOMER_KEY }))
    await this.s3.send(
      new PutObjectCommand({
        Bucket,
        Key: 'dual',
        Body: 'twice',
        ServerSideEncryption: 'aws:kms:dsse',
        SSEKMSKeyId: this.key,
      }),
    )
    await this.s3.send(new PutObjectCommand({ Bucket, Key: 'archived', Body: 'old', StorageClass: 'GLACIER' }))
    this.checked = await this.#upload('checked', { ChecksumAlgorithm: 'SHA256' })
    this.plain = await this.#upload('plain', {})
  }

  async #upload(Key: string, checksum: { readonly ChecksumAlgorithm?: 'SHA256' }): Promise<Upload> {
    const place = { Bucket, Key, ...checksum }
    const { UploadId = '' } = await this.s3.send(
      new CreateMultipartUploadCommand({ ...place, ServerSideEncryption: 'aws:kms', SSEKMSKeyId: this.key }),
    )
    const { ETag = '', ChecksumSHA256 } = await this.s3.send(
      new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body: 'of the part' }),
    )
    return { Key, UploadId, ETag, ChecksumSHA256 }
  }

  /** All that S3 keeps: records, and the blobs that there are. */
  snapshot(): { readonly records: string; readonly blobs: readonly string[] } {
    const { store, blobs } = this.emulator.env
    const { collections } = store.export({ secrets: true })
    const own = Object.entries(collections).filter(([name]) => name.startsWith('s3.') && name !== 's3.secrets')
    const found: string[] = []
    blobs.sweep((id) => found.push(id) > 0)
    // The bucket's own record holds its policy, which tests change.
    return { records: JSON.stringify(own.filter(([name]) => name !== 's3.buckets')), blobs: found.sort() }
  }

  /** Runs a request to its end, whatever that is. */
  async end(request: Promise<{ readonly $metadata: { readonly requestId?: string | undefined } }>): Promise<End> {
    const { error, requestId = '' } = await request.then(
      ({ $metadata }) => ({ error: undefined, requestId: $metadata.requestId }),
      (thrown: unknown) => {
        const refused = thrown as Error & { readonly $metadata?: { readonly requestId?: string } }
        if (!refused.$metadata) throw thrown
        return { error: refused, requestId: refused.$metadata.requestId }
      },
    )
    const answer = await fetch(`${this.organization.test.url}/_twokey/decisions/${requestId}`)
    const view = (await answer.json()) as DecisionView
    return { status: view.status, code: error?.name, message: error?.message, view }
  }
}

const keyOfCustomer = Buffer.alloc(32, 7)
export const CUSTOMER_KEY = {
  SSECustomerAlgorithm: 'AES256',
  SSECustomerKey: keyOfCustomer.toString('base64'),
  SSECustomerKeyMD5: createHash('md5').update(keyOfCustomer).digest('base64'),
}

const NONE: Upload = { Key: '', UploadId: '', ETag: '' }
const ROOT = `arn:aws:iam::${ACCOUNT}:root`
const DELEGATION = { Effect: 'Allow', Principal: { AWS: ROOT }, Action: 'kms:*', Resource: '*' }
/** The root user, but not the account: its policies cannot give anybody the key. */
const ONLY_ROOT = { ...DELEGATION, Condition: { ArnEquals: { 'aws:PrincipalArn': ROOT } } }

interface PolicyStatement {
  readonly Resource?: string | readonly string[]
  readonly NotResource?: string
}

const bucketOf = (arn: string) => /:::([^/]*)/.exec(arn)?.[1]

/** A bucket's policy speaks of that bucket only. */
function narrowed(statement: PolicyStatement, bucket: string): readonly object[] {
  const { NotResource, ...rest } = statement
  if (NotResource !== undefined) {
    if (bucketOf(NotResource) === bucket) return [statement]
    return [{ ...rest, Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`] }]
  }
  if (statement.Resource === undefined) return [statement]
  const Resource = [statement.Resource].flat().filter((arn) => bucketOf(arn) === bucket)
  return Resource.length === 0 ? [] : [{ ...statement, Resource }]
}

/** Who decided, as the decision log tells it. */
export function decider({ gates }: DecisionView) {
  const all = gates.flatMap(({ gate, checks }) => checks.map((check) => ({ gate, check })))
  const found = all.find(({ check }) => !check.allowed)
  return (
    found && {
      gate: found.gate,
      action: found.check.action,
      resource: found.check.resource,
      layer: found.check.decidedBy.layer,
    }
  )
}

/** Everything but one action on one resource. */
export const allBut = ({ action, resource }: Check): readonly object[] => [
  { Effect: 'Allow', NotAction: action, Resource: '*' },
  { Effect: 'Allow', Action: action, NotResource: resource },
]

/** AWS's sentence; ARNs of S3 are quoted, those of KMS are not (facts: A9). */
export function sentence(caller: string, check: Check, cause: string): string {
  const { action, resource } = check
  const named = isKeyCheck(check) ? resource : `"${resource}"`
  return `User: ${caller} is not authorized to perform: ${action} on resource: ${named} ${cause}`
}

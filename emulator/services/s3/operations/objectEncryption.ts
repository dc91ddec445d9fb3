import type { UpdateObjectEncryptionCommandInput } from '@aws-sdk/client-s3'
import { withKeys } from '../../../operation/conditionKeys.ts'
import type { Call } from '../../../operation/call.ts'
import type { Keys } from '../../../operation/define.ts'
import { creationKey } from '../access.ts'
import { requireBodyChecksum } from '../checksums/whole.ts'
import { changeVersion } from '../data/versions.ts'
import { GENERATE, masterKey, newDataKey, rewrapDataKey, REWRAP } from '../encryption/dataKeys.ts'
import type { EncryptionPlan } from '../encryption/plan.ts'
import { reEncrypt } from '../encryption/reEncrypt.ts'
import { accessDenied, internalError, invalidRequest } from '../errors.ts'
import { isProtected } from '../lock/protection.ts'
import { bucketArn, objectArn } from '../names.ts'
import { s3 } from '../service.ts'
import type { BucketRecord, ObjectRecord, S3State } from '../state.ts'
import { admitExisting, existing, findSubject, onObject, type ObjectSubject } from './onObject.ts'

const KEY_USES = { ...GENERATE, ...REWRAP } as const
type UpdateCall = Call<S3State, Keys<typeof KEY_USES>>
type Target = Extract<EncryptionPlan, { readonly kind: 'kms' }>

interface UpdateSubject extends ObjectSubject {
  readonly target: Target
}

/*
 * UpdateObjectEncryption: an object under S3's own key comes under KMS, or one under KMS under another key or a Bucket Key. Refusals
 * are those of AWS's model. AWS moves no data. Here an object under KMS keeps its bytes and its data key, which KMS re-encrypts; the
 * bytes of an object under S3's own key, which has no data key of its own, are encrypted anew. Which KMS operations AWS calls is
 * not recorded; the model lists the permissions Encrypt, Decrypt, GenerateDataKey and ReEncrypt*.
 */

const KEY_ARN = /^arn:aws[-a-z0-9]*:kms:[-a-z0-9]*:(\d{12}):key\/.+$/

/** What the body asks for. Throws InvalidRequest, and AccessDenied for the keys of other accounts. */
function readTarget(input: UpdateObjectEncryptionCommandInput, bucket: BucketRecord): Target {
  const asked = input.ObjectEncryption?.SSEKMS
  if (!asked) {
    throw invalidRequest(
      'Requests that modify an object encryption configuration require a valid new encryption type. Valid values are SSEKMS. Modify the request to specify SSE-KMS for the updated encryption type, and then try again.',
    )
  }
  const { KMSKeyArn, BucketKeyEnabled = false } = asked
  if (KMSKeyArn === undefined || KMSKeyArn === '') {
    throw invalidRequest(
      "Requests that modify an object's encryption type to SSE-KMS require an AWS KMS key Amazon Resource Name (ARN). Modify the request to specify a KMS key ARN, and then try again.",
    )
  }
  const [, account] = KEY_ARN.exec(KMSKeyArn) ?? []
  if (account === undefined) {
    throw invalidRequest(
      "Requests that modify an object's encryption type to SSE-KMS require a valid AWS KMS key Amazon Resource Name (ARN). Confirm that you have a correctly formatted KMS key ARN in your request, and then try again.",
    )
  }
  if (account !== bucket.account) {
    throw accessDenied(
      'The AWS KMS key in the request must be owned by the same account as the bucket. Modify the request to specify a KMS key from the same account, and then try again.',
    )
  }
  const arn = BucketKeyEnabled ? bucketArn(bucket.name) : objectArn(bucket.name, input.Key ?? '')
  // The request has no encryption context. That pairs given at upload do not outlive the key they were given for is not recorded.
  const context = { 'aws:s3:arn': arn }
  return { kind: 'kms', keyId: KMSKeyArn, context, contextGiven: false, bucketKey: BucketKeyEnabled }
}

function requireUpdatable({ encryption }: ObjectRecord): void {
  if (encryption.kind === 's3' || (encryption.kind === 'kms' && !encryption.dual)) return
  throw invalidRequest(
    "The UpdateObjectEncryption operation doesn't support source objects with the encryption type DSSE-KMS or SSE-C. Only source objects encrypted with SSE-S3 or SSE-KMS are supported.",
  )
}

const lockedEncryption = () =>
  accessDenied(
    "The encryption type for the specified object can't be updated because that object is protected by S3 Object Lock. If the object has a governance-mode retention period or a legal hold, you must first remove the Object Lock status on the object before you issue your UpdateObjectEncryption request. You can't use the UpdateObjectEncryption operation with objects that have an Object Lock compliance mode retention period applied to them.",
  )

const updateObjectEncryption = s3.row('UpdateObjectEncryption', {
  ...onObject,
  action: 's3:UpdateObjectEncryption',
  keyUse: KEY_USES,
  subject(input, call): UpdateSubject {
    const subject = findSubject(input, call)
    if (call.caller.principal.kind === 'anonymous') {
      throw invalidRequest(
        'Requests that modify an object encryption configuration require AWS Signature Version 4. Modify the request to use AWS Signature Version 4, and then try again.',
      )
    }
    requireBodyChecksum(call)
    return { ...subject, target: readTarget(input, subject.bucket) }
  },
  /**
   * Both `s3:UpdateObjectEncryption` and `s3:PutObject` (facts: A5). Policies see the method and the key as with other writes (Service
   * Authorization Reference, UpdateObjectEncryption: both are its condition keys), though the body names them and no header.
   */
  *admit(input, call, subject, main) {
    const check = withKeys(main, {
      's3:x-amz-server-side-encryption': 'aws:kms',
      's3:x-amz-server-side-encryption-aws-kms-key-id': subject.target.keyId,
    })
    yield* admitExisting(input, call, subject, check)
    yield { ...withKeys(check, creationKey(call)), action: 's3:PutObject' }
  },
  async run(_input, call, subject) {
    const object = existing(subject)
    requireUpdatable(object)
    if (isProtected(object, call.time)) throw lockedEncryption()
    await update(call, subject, object)
    return {}
  },
})

async function update(call: UpdateCall, { bucket, target }: UpdateSubject, object: ObjectRecord): Promise<void> {
  const { encryption } = object
  if (encryption.kind === 'kms') {
    const rewrapped = await rewrapDataKey(encryption, target, call)
    replace(call, bucket, object, { encryption: rewrapped })
    return
  }
  const dataKey = await newDataKey(target, call)
  const anew = await reEncrypt(call, bucket.name, object, masterKey(call), dataKey)
  try {
    replace(call, bucket, object, { encryption: dataKey.encryption, ...anew })
  } catch (error) {
    call.state.leases.discard(
      call.env.blobs,
      anew.parts.map(({ blob }) => blob),
    )
    throw error
  }
  call.state.leases.discard(
    call.env.blobs,
    object.parts.map(({ blob }) => blob),
  )
}

/** Throws S3's InternalError, which clients retry, when the object was replaced meanwhile. */
function replace(call: UpdateCall, bucket: BucketRecord, object: ObjectRecord, change: Partial<ObjectRecord>): void {
  if (!changeVersion(call, bucket.name, object, change)) throw internalError()
}

export const objectEncryptionRows = [updateObjectEncryption]

import type { ObjectLockRetention } from '@aws-sdk/client-s3'
import { AwsError } from '../../../lib/awsError.ts'
import type { Call } from '../../../operation/call.ts'
import { requireBodyChecksum } from '../checksums/whole.ts'
import { changeVersion } from '../data/versions.ts'
import { malformedXml } from '../errors.ts'
import { admitBypass } from '../lock/bypass.ts'
import { requireReplaceable } from '../lock/protection.ts'
import { isLegalHold, isLockMode, lockKeys, requireFuture, requireObjectLock } from '../lock/requested.ts'
import { s3 } from '../service.ts'
import type { Retention, S3State, VersionLock } from '../state.ts'
import {
  admitExisting,
  existing,
  findSubject,
  missing,
  onObject,
  readsObject,
  type ObjectInput,
  type ObjectSubject,
} from './onObject.ts'

const notLocked = () =>
  new AwsError('NoSuchObjectLockConfiguration', 404, 'The specified object does not have a ObjectLock configuration')

/** Retention of a request; undefined for the empty one, which takes it away. */
function readRetention(given: ObjectLockRetention | undefined): Retention | undefined {
  if (!given) throw malformedXml()
  const { Mode: mode, RetainUntilDate: until } = given
  if (mode === undefined && until === undefined) return undefined
  if (!isLockMode(mode) || !until) throw malformedXml()
  return { mode, until: until.getTime() }
}

const getObjectRetention = s3.row('GetObjectRetention', {
  ...readsObject,
  action: 's3:GetObjectRetention',
  admit: admitExisting,
  run(_input, _call, subject) {
    requireObjectLock(subject.bucket)
    const retention = existing(subject).lock?.retention
    if (!retention) throw notLocked()
    return { Retention: { Mode: retention.mode, RetainUntilDate: new Date(retention.until) } }
  },
})

const putObjectRetention = s3.row('PutObjectRetention', {
  ...onObject,
  action: 's3:PutObjectRetention',
  context(input, call) {
    const retention = readRetention(input.Retention)
    return () => ({ ...onObject.context(input, call)(), ...lockKeys(retention && { retention }, call.time) })
  },
  *admit(input, call, subject, main) {
    yield* admitExisting(input, call, subject, main)
    requireObjectLock(subject.bucket)
    yield* admitBypass(input, subject.bucket, main)
  },
  run(input, call, { bucket }) {
    requireObjectLock(bucket)
    const retention = readRetention(input.Retention)
    if (retention) requireFuture(new Date(retention.until), call, 'RetainUntilDate')
    changeLock(input, call, (lock) => {
      requireReplaceable(lock.retention, retention, call.time, input.BypassGovernanceRetention === true)
      return { retention }
    })
    return {}
  },
})

const getObjectLegalHold = s3.row('GetObjectLegalHold', {
  ...readsObject,
  action: 's3:GetObjectLegalHold',
  admit: admitExisting,
  run(_input, _call, subject) {
    requireObjectLock(subject.bucket)
    const legalHold = existing(subject).lock?.legalHold
    if (legalHold === undefined) throw notLocked()
    return { LegalHold: { Status: legalHold } }
  },
})

const putObjectLegalHold = s3.row('PutObjectLegalHold', {
  ...onObject,
  action: 's3:PutObjectLegalHold',
  context(input, call) {
    const legalHold = input.LegalHold?.Status
    return () => ({ ...onObject.context(input, call)(), 's3:object-lock-legal-hold': legalHold })
  },
  admit: admitExisting,
  run(input, call, { bucket }) {
    // S3's answer: versity/versitygw issue 1311.
    requireBodyChecksum(call)
    requireObjectLock(bucket)
    const legalHold = input.LegalHold?.Status
    if (!isLegalHold(legalHold)) throw malformedXml()
    changeLock(input, call, () => ({ legalHold }))
    return {}
  },
})

/** Replaces parts of a version's lock, as it is at this moment. */
function changeLock(
  input: ObjectInput,
  call: Call<S3State>,
  change: (lock: VersionLock) => Partial<VersionLock>,
): void {
  const subject: ObjectSubject = findSubject(input, call)
  const object = subject.object
  if (!object) throw missing(input, subject)
  const lock: VersionLock = object.lock ?? {}
  changeVersion(call, subject.bucket.name, object, { lock: { ...lock, ...change(lock) } })
}

export const objectRetentionRows = [getObjectRetention, putObjectRetention, getObjectLegalHold, putObjectLegalHold]

import { aclAnswer } from '../acl/answers.ts'
import { aclsEnabled, canonicalOwner, ownerOf } from '../acl/ownership.ts'
import { putAcl } from '../acl/put.ts'
import { changeVersion } from '../data/versions.ts'
import { objectArn } from '../names.ts'
import { s3 } from '../service.ts'
import { admitExisting, existing, missing, onObject, readsObject } from './onObject.ts'

const getObjectAcl = s3.row('GetObjectAcl', {
  ...readsObject,
  action: 's3:GetObjectAcl',
  admit: admitExisting,
  run(_input, _call, subject) {
    const { bucket } = subject
    const object = existing(subject)
    return aclAnswer(canonicalOwner(ownerOf(bucket, object)), aclsEnabled(bucket) ? object.acl : undefined)
  },
})

const putObjectAcl = s3.row('PutObjectAcl', {
  ...onObject,
  action: 's3:PutObjectAcl',
  admit: admitExisting,
  run(input, call, subject) {
    const { bucket, key } = subject
    const object = existing(subject)
    const owner = ownerOf(bucket, object)
    const acl = putAcl(input, call, bucket, owner, 's3:PutObjectAcl', objectArn(bucket.name, key))
    if (acl && !changeVersion(call, bucket.name, object, { acl })) throw missing(input, subject)
    return {}
  },
})

export const objectAclRows = [getObjectAcl, putObjectAcl]

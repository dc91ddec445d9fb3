import type { Tags } from '../../../access/types.ts'
import type { Call } from '../../../operation/call.ts'
import { answeredVersion, changeVersion } from '../data/versions.ts'
import { requestTagKeys } from '../access.ts'
import { s3 } from '../service.ts'
import type { S3State } from '../state.ts'
import { readObjectTags, tagSet } from '../tags.ts'
import {
  admitExisting,
  existing,
  missing,
  onObject,
  readsObject,
  type ObjectInput,
  type ObjectSubject,
} from './onObject.ts'

const getObjectTagging = s3.row('GetObjectTagging', {
  ...readsObject,
  action: 's3:GetObjectTagging',
  admit: admitExisting,
  run: (_input, _call, subject) => ({ VersionId: versionOf(subject), TagSet: tagSet(existing(subject).tags) }),
})

const putObjectTagging = s3.row('PutObjectTagging', {
  ...onObject,
  action: 's3:PutObjectTagging',
  context: (input, call) => ({
    ...onObject.context(input, call)(),
    ...requestTagKeys(readObjectTags(input.Tagging?.TagSet)),
  }),
  admit: admitExisting,
  run(input, call, subject) {
    setTags(call, input, subject, readObjectTags(input.Tagging?.TagSet))
    return { VersionId: versionOf(subject) }
  },
})

const deleteObjectTagging = s3.row('DeleteObjectTagging', {
  ...onObject,
  action: 's3:DeleteObjectTagging',
  admit: admitExisting,
  run(input, call, subject) {
    setTags(call, input, subject, {})
    return { VersionId: versionOf(subject) }
  },
})

const versionOf = (subject: ObjectSubject) => answeredVersion(subject.bucket, existing(subject))

function setTags(call: Call<S3State>, input: ObjectInput, subject: ObjectSubject, tags: Tags): void {
  const changed = changeVersion(call, subject.bucket.name, existing(subject), { tags })
  if (!changed) throw missing(input, subject)
}

export const objectTaggingRows = [getObjectTagging, putObjectTagging, deleteObjectTagging]

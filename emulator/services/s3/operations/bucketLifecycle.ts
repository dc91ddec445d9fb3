import { requireBodyChecksum } from '../checksums/whole.ts'
import { invalidRequest, malformedXml, notConfigured } from '../errors.ts'
import { answerRule, isMinimumSize, keepRule } from '../lifecycle/rules.ts'
import { validateRules } from '../lifecycle/validate.ts'
import { s3 } from '../service.ts'
import { changeBucket, onBucket, readsBucket } from './onBucket.ts'

const getLifecycle = s3.row('GetBucketLifecycleConfiguration', {
  ...readsBucket,
  action: 's3:GetLifecycleConfiguration',
  run(_input, _call, { name, lifecycle }) {
    if (!lifecycle) {
      throw notConfigured('NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist', name)
    }
    return { Rules: lifecycle.rules.map(answerRule), TransitionDefaultMinimumObjectSize: lifecycle.minimumSize }
  },
})

const putLifecycle = s3.row('PutBucketLifecycleConfiguration', {
  ...onBucket,
  action: 's3:PutLifecycleConfiguration',
  run(input, call, bucket) {
    requireBodyChecksum(call)
    const minimumSize = input.TransitionDefaultMinimumObjectSize ?? 'all_storage_classes_128K'
    if (!isMinimumSize(minimumSize)) {
      throw invalidRequest(`Invalid TransitionDefaultMinimumObjectSize found: ${String(minimumSize)}`)
    }
    const rules = input.LifecycleConfiguration?.Rules
    if (!rules) throw malformedXml()
    validateRules(rules)
    changeBucket(call, bucket, {
      lifecycle: { rules: rules.map((rule) => keepRule(rule, call.env.ids)), minimumSize },
    })
    return { TransitionDefaultMinimumObjectSize: minimumSize }
  },
})

const deleteLifecycle = s3.row('DeleteBucketLifecycle', {
  ...onBucket,
  action: 's3:PutLifecycleConfiguration',
  run(_input, call, bucket) {
    changeBucket(call, bucket, { lifecycle: undefined })
    return {}
  },
})

export const bucketLifecycleRows = [getLifecycle, putLifecycle, deleteLifecycle]

import { malformedXml } from '../errors.ts'
import { readNotifications } from '../notifications/configuration.ts'
import { s3 } from '../service.ts'
import { changeBucket, onBucket, readsBucket } from './onBucket.ts'

const getNotifications = s3.row('GetBucketNotificationConfiguration', {
  ...readsBucket,
  action: 's3:GetBucketNotification',
  run: (_input, _call, { notifications }) => notifications ?? {},
})

const putNotifications = s3.row('PutBucketNotificationConfiguration', {
  ...onBucket,
  action: 's3:PutBucketNotification',
  run({ NotificationConfiguration: given }, call, bucket) {
    if (!given) throw malformedXml()
    changeBucket(call, bucket, { notifications: readNotifications(given, bucket.region, call.env.ids) })
    return {}
  },
})

export const bucketNotificationRows = [getNotifications, putNotifications]

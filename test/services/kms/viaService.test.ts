import { beforeAll, describe, expect, it } from '@jest/globals'
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { DescribeKeyCommand, EncryptCommand } from '@aws-sdk/client-kms'
import { ACCOUNT, REGION, denied, kmsForTests, policyOf, refusal } from './support.ts'

/** Keys as a service uses them for its caller. */
const kms = kmsForTests()
let s3: S3Client
beforeAll(async () => {
  s3 = kms.running.client(S3Client)
  await s3.send(new CreateBucketCommand({ Bucket: 'through' }))
})

const put = (Key: string, SSEKMSKeyId?: string) =>
  s3.send(
    new PutObjectCommand({
      Bucket: 'through',
      Key,
      Body: 'hello',
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId,
    }),
  )
const read = async (Key: string) =>
  (await s3.send(new GetObjectCommand({ Bucket: 'through', Key }))).Body?.transformToString()

describe('through S3', () => {
  it('the AWS managed key comes into being, opens, and stays closed to direct use', async () => {
    await put('managed')
    const { SSEKMSKeyId = '' } = await s3.send(new HeadObjectCommand({ Bucket: 'through', Key: 'managed' }))
    expect(await read('managed')).toBe('hello')
    const { KeyMetadata } = await kms.root.send(new DescribeKeyCommand({ KeyId: 'alias/aws/s3' }))
    expect(KeyMetadata).toMatchObject({ Arn: SSEKMSKeyId, KeyManager: 'AWS' })
    const direct = kms.root.send(new EncryptCommand({ KeyId: SSEKMSKeyId, Plaintext: Buffer.from('x') }))
    expect(await refusal(direct)).toEqual(
      denied(
        `User: arn:aws:iam::${ACCOUNT}:root is not authorized to perform: kms:Encrypt on resource: ${SSEKMSKeyId} because no resource-based policy allows the kms:Encrypt action`,
      ),
    )
  })

  it('kms:ViaService opens a customer’s key for S3 alone', async () => {
    const root = { AWS: `arn:aws:iam::${ACCOUNT}:root` }
    const Policy = JSON.stringify(
      policyOf(
        { Effect: 'Allow', Principal: root, Action: ['kms:Describe*', 'kms:PutKeyPolicy'], Resource: '*' },
        {
          Effect: 'Allow',
          Principal: root,
          Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
          Resource: '*',
          Condition: { StringEquals: { 'kms:ViaService': `s3.${REGION}.amazonaws.com` } },
        },
      ),
    )
    const { Arn } = await kms.createKey({ Policy })
    await put('via', Arn)
    expect(await read('via')).toBe('hello')
    const away = await kms.createKey({ Policy: Policy.replaceAll(`s3.${REGION}`, 's3.eu-west-1') })
    expect(await refusal(put('elsewhere', away.Arn))).toEqual({
      code: 'AccessDenied',
      status: 403,
      message: `User: arn:aws:iam::${ACCOUNT}:root is not authorized to perform: kms:GenerateDataKey on resource: ${away.Arn} because no resource-based policy allows the kms:GenerateDataKey action`,
    })
  })
})

import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam'
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { CreateBucketCommand, S3Client, type S3ServiceException } from '@aws-sdk/client-s3'
import { ACCOUNT, rootOf, startEmulator, type Credentials, type TestEmulator } from '../../support/emulator.ts'

export interface World {
  readonly emulator: TestEmulator
  /** Root of ACCOUNT. */
  readonly s3: S3Client
  readonly kms: KMSClient
  /** A user with one inline policy of these statements. */
  user(name: string, ...statements: readonly object[]): Promise<Person>
  /** Replaces a user's policy. */
  allow(name: string, ...statements: readonly object[]): Promise<void>
  /** A customer managed key of ACCOUNT; its ARN. */
  key(policy?: string): Promise<string>
  as(credentials: Credentials, region?: string): S3Client
  stop(): Promise<void>
}

export interface Person {
  readonly arn: string
  readonly credentials: Credentials
  readonly s3: S3Client
}

export async function startWorld(...buckets: readonly string[]): Promise<World> {
  const emulator = await startEmulator()
  const s3 = emulator.client(S3Client)
  const kms = emulator.client(KMSClient)
  for (const Bucket of buckets) await s3.send(new CreateBucketCommand({ Bucket }))
  const as = (credentials: Credentials, region?: string) => emulator.client(S3Client, { credentials, region })

  const allow = async (account: string, UserName: string, statements: readonly object[]) => {
    const iam = emulator.client(IAMClient, { credentials: rootOf(account) })
    const PolicyDocument = policy(...statements)
    await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'inline', PolicyDocument }))
  }
  const person = async (account: string, UserName: string, statements: readonly object[]): Promise<Person> => {
    const iam = emulator.client(IAMClient, { credentials: rootOf(account) })
    const { User } = await iam.send(new CreateUserCommand({ UserName }))
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }))
    if (statements.length > 0) await allow(account, UserName, statements)
    const credentials = {
      accessKeyId: AccessKey?.AccessKeyId ?? '',
      secretAccessKey: AccessKey?.SecretAccessKey ?? '',
    }
    return { arn: User?.Arn ?? '', credentials, s3: as(credentials) }
  }
  return {
    emulator,
    s3,
    kms,
    user: (name, ...statements) => person(ACCOUNT, name, statements),
    allow: (name, ...statements) => allow(ACCOUNT, name, statements),
    async key(keyPolicy) {
      const { KeyMetadata } = await kms.send(new CreateKeyCommand(keyPolicy === undefined ? {} : { Policy: keyPolicy }))
      return KeyMetadata?.Arn ?? ''
    },
    as,
    stop: () => emulator.stop(),
  }
}

export const policy = (...statements: readonly object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements })

export const allow = (action: string | readonly string[], resource: string | readonly string[] = '*') => ({
  Effect: 'Allow',
  Action: action,
  Resource: resource,
})
export const deny = (action: string | readonly string[], resource: string | readonly string[] = '*') => ({
  Effect: 'Deny',
  Action: action,
  Resource: resource,
})

/** What a refusal says, all of it. */
export interface Refusal {
  readonly status: number | undefined
  readonly code: string
  readonly message: string
}

/** Runs into a refusal. Fails when there is none. */
export async function refusal(call: Promise<unknown>): Promise<Refusal> {
  try {
    await call
  } catch (error) {
    const { name, message, $metadata } = error as S3ServiceException
    return { status: $metadata.httpStatusCode, code: name, message }
  }
  throw new Error('the call was not refused')
}

export const denied = (message: string): Refusal => ({ status: 403, code: 'AccessDenied', message })

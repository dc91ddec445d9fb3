import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam'
import { DescribeVolumesCommand, EC2Client, type EC2ServiceException, type Volume } from '@aws-sdk/client-ec2'
import { EBSClient } from '@aws-sdk/client-ebs'
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import {
  ACCOUNT,
  OTHER_ACCOUNT,
  rootOf,
  startEmulator,
  type Credentials,
  type TestEmulator,
} from '../../support/emulator.ts'
import type { Settings } from '../../../emulator/server/settings.ts'

export { ACCOUNT, OTHER_ACCOUNT }
export { allow, deny, policy, type Refusal } from '../s3/support.ts'
import { policy } from '../s3/support.ts'

export interface Person {
  readonly arn: string
  readonly credentials: Credentials
  readonly ec2: EC2Client
}

export interface World {
  readonly emulator: TestEmulator
  /** Root of ACCOUNT, in us-east-1. */
  readonly ec2: EC2Client
  readonly kms: KMSClient
  as(credentials: Credentials, region?: string): EC2Client
  /** Root of an account. */
  rootOf(account: string): { readonly ec2: EC2Client; readonly kms: KMSClient }
  /** A user of an account with one inline policy of these statements. */
  user(account: string, name: string, ...statements: readonly object[]): Promise<Person>
  /** Replaces a user's policy. */
  allow(account: string, name: string, ...statements: readonly object[]): Promise<void>
  /** A customer managed key; its ARN. */
  key(account?: string, keyPolicy?: string): Promise<string>
  stop(): Promise<void>
}

/** Asynchronous work is done at once, so that tests need not wait for it. */
export async function startWorld(settings: Partial<Settings> = {}): Promise<World> {
  const emulator = await startEmulator({ asyncDelay: 0, ...settings })
  const as = (credentials: Credentials, region?: string) => emulator.client(EC2Client, { credentials, region })
  const allowed = async (account: string, UserName: string, statements: readonly object[]) => {
    const iam = emulator.client(IAMClient, { credentials: rootOf(account) })
    await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'inline', PolicyDocument: policy(...statements) }))
  }
  return {
    emulator,
    ec2: emulator.client(EC2Client),
    kms: emulator.client(KMSClient),
    as,
    rootOf: (account) => ({
      ec2: as(rootOf(account)),
      kms: emulator.client(KMSClient, { credentials: rootOf(account) }),
    }),
    async user(account, UserName, ...statements) {
      const iam = emulator.client(IAMClient, { credentials: rootOf(account) })
      const { User } = await iam.send(new CreateUserCommand({ UserName }))
      const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }))
      if (statements.length > 0) await allowed(account, UserName, statements)
      const credentials = {
        accessKeyId: AccessKey?.AccessKeyId ?? '',
        secretAccessKey: AccessKey?.SecretAccessKey ?? '',
      }
      return { arn: User?.Arn ?? '', credentials, ec2: as(credentials) }
    },
    allow: (account, name, ...statements) => allowed(account, name, statements),
    async key(account = ACCOUNT, keyPolicy) {
      const kms = emulator.client(KMSClient, { credentials: rootOf(account) })
      const { KeyMetadata } = await kms.send(new CreateKeyCommand(keyPolicy === undefined ? {} : { Policy: keyPolicy }))
      return KeyMetadata?.Arn ?? ''
    },
    stop: () => emulator.stop(),
  }
}

/** Two accounts' roots, A with what it shares and B with whom it shares, and a key of each. */
export interface TwoAccounts {
  readonly world: World
  readonly a: EC2Client
  readonly b: EC2Client
  readonly ebsA: EBSClient
  readonly ebsB: EBSClient
  /** ARNs. */
  readonly keyA: string
  readonly keyB: string
}

export async function startTwoAccounts(): Promise<TwoAccounts> {
  const world = await startWorld()
  return {
    world,
    a: world.ec2,
    b: world.rootOf(OTHER_ACCOUNT).ec2,
    ebsA: world.emulator.client(EBSClient),
    ebsB: world.emulator.client(EBSClient, { credentials: rootOf(OTHER_ACCOUNT) }),
    keyA: await world.key(),
    keyB: await world.key(OTHER_ACCOUNT),
  }
}

/** Runs into a refusal. Fails when there is none. */
export async function refusal(
  call: Promise<unknown>,
): Promise<{ status: number | undefined; code: string; message: string }> {
  try {
    await call
  } catch (error) {
    const { name, message, $metadata } = error as EC2ServiceException
    return { status: $metadata.httpStatusCode, code: name, message }
  }
  throw new Error('the call was not refused')
}

export const badRequest = (code: string, message: string) => ({ status: 400, code, message })
export const DRY_RUN = {
  status: 412,
  code: 'DryRunOperation',
  message: 'Request would have succeeded, but DryRun flag is set.',
}

/** The denial without its encoded end, which differs each time. */
export function withoutBlob(denial: { status: number | undefined; code: string; message: string }) {
  const at = denial.message.indexOf(' Encoded authorization failure message: ')
  return { ...denial, message: at < 0 ? denial.message : denial.message.slice(0, at) }
}

export const unauthorized = (because: string) => ({
  status: 403,
  code: 'UnauthorizedOperation',
  message: `You are not authorized to perform this operation. ${because}.`,
})

/** Waits for a condition that asynchronous work brings about. */
export async function until<T>(look: () => Promise<T | undefined>, milliseconds = 3000): Promise<T> {
  const end = Date.now() + milliseconds
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > end) throw new Error('it did not come about')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** The volume once it is no longer being created; undefined when it has vanished. */
export async function settled(ec2: EC2Client, id: string | undefined): Promise<Volume | undefined> {
  return until(async () => {
    const { Volumes } = await ec2.send(
      new DescribeVolumesCommand({ Filters: [{ Name: 'volume-id', Values: [id ?? ''] }] }),
    )
    const [volume] = Volumes ?? []
    if (!volume) return { volume: undefined }
    return volume.State === 'creating' ? undefined : { volume }
  }).then(({ volume }) => volume)
}

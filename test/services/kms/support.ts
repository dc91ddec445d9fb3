import { afterAll, beforeAll, expect } from '@jest/globals'
import {
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  CreateAccessKeyCommand,
  IAMClient,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam'
import { CreateKeyCommand, KMSClient, type CreateKeyCommandInput, type KeyMetadata } from '@aws-sdk/client-kms'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import type { Settings } from '../../../emulator/server/settings.ts'
import { ACCOUNT, REGION, rootOf, startEmulator, type Credentials, type TestEmulator } from '../../support/emulator.ts'

export { ACCOUNT, OTHER_ACCOUNT, REGION, rootOf } from '../../support/emulator.ts'

/** An emulator for a file of tests, with clients of it. */
export interface Kms {
  readonly running: TestEmulator
  /** Root of ACCOUNT. */
  readonly root: KMSClient
  client(credentials: Credentials, region?: string): KMSClient
  /** Root of an account. */
  of(account: string, region?: string): KMSClient
  /** Moves the clock and lets what has come due happen. */
  advance(milliseconds: number): void
  createKey(input?: CreateKeyCommandInput, client?: KMSClient): Promise<Key>
  /** A user with an inline policy, and a client with its access key. */
  user(name: string, policy?: object, account?: string): Promise<{ arn: string; kms: KMSClient }>
  /** A role that its own account may assume, in a path. */
  role(name: string, policy?: object, account?: string, boundary?: object): Promise<string>
  /** A session of a role. */
  session(
    roleArn: string,
    name?: string,
    sessionPolicy?: object,
  ): Promise<{ arn: string; kms: KMSClient; credentials: Credentials }>
}

/** Metadata with what all keys have. */
export type Key = KeyMetadata & { readonly KeyId: string; readonly Arn: string }

export const DAY = 86_400_000

/** Starts before the tests of a file and stops after them. */
export function kmsForTests(settings?: Partial<Settings>): Kms {
  let running: TestEmulator
  beforeAll(async () => {
    running = await startEmulator(settings)
  })
  afterAll(async () => {
    await running.stop()
  })
  const iam = (account: string) => running.client(IAMClient, { credentials: rootOf(account) })

  const kms: Kms = {
    get running() {
      return running
    },
    get root() {
      return kms.of(ACCOUNT)
    },
    client: (credentials, region = REGION) => running.client(KMSClient, { credentials, region }),
    of: (account, region) => kms.client(rootOf(account), region),
    advance(milliseconds) {
      const { clock } = running.emulator
      clock.setOffset(clock.offset + milliseconds)
    },
    async createKey(input = {}, client = kms.root) {
      const { KeyMetadata } = await client.send(new CreateKeyCommand(input))
      if (KeyMetadata?.Arn === undefined || KeyMetadata.KeyId === undefined) throw new Error('no key')
      return { ...KeyMetadata, KeyId: KeyMetadata.KeyId, Arn: KeyMetadata.Arn }
    },
    async user(name, policy, account = ACCOUNT) {
      const admin = iam(account)
      const { User } = await admin.send(new CreateUserCommand({ UserName: name }))
      if (policy) {
        await admin.send(
          new PutUserPolicyCommand({ UserName: name, PolicyName: 'p', PolicyDocument: JSON.stringify(policy) }),
        )
      }
      const { AccessKey } = await admin.send(new CreateAccessKeyCommand({ UserName: name }))
      const credentials = {
        accessKeyId: AccessKey?.AccessKeyId ?? '',
        secretAccessKey: AccessKey?.SecretAccessKey ?? '',
      }
      return { arn: User?.Arn ?? '', kms: kms.client(credentials) }
    },
    async role(name, policy, account = ACCOUNT, boundary) {
      const admin = iam(account)
      const boundaryArn =
        boundary &&
        (
          await admin.send(
            new CreatePolicyCommand({ PolicyName: `${name}-boundary`, PolicyDocument: JSON.stringify(boundary) }),
          )
        ).Policy?.Arn
      const { Role } = await admin.send(
        new CreateRoleCommand({
          RoleName: name,
          Path: '/probe/',
          AssumeRolePolicyDocument: JSON.stringify({
            Version: '2012-10-17',
            Statement: [
              { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'sts:AssumeRole' },
            ],
          }),
          ...(boundaryArn !== undefined && { PermissionsBoundary: boundaryArn }),
        }),
      )
      if (policy) {
        await admin.send(
          new PutRolePolicyCommand({ RoleName: name, PolicyName: 'p', PolicyDocument: JSON.stringify(policy) }),
        )
      }
      return Role?.Arn ?? ''
    },
    async session(roleArn, name = 'target', sessionPolicy) {
      const assumer = await assumerOf(roleArn.split(':')[4] ?? '')
      const { Credentials: made, AssumedRoleUser } = await assumer.send(
        new AssumeRoleCommand({
          RoleArn: roleArn,
          RoleSessionName: name,
          ...(sessionPolicy && { Policy: JSON.stringify(sessionPolicy) }),
        }),
      )
      const credentials = {
        accessKeyId: made?.AccessKeyId ?? '',
        secretAccessKey: made?.SecretAccessKey ?? '',
        sessionToken: made?.SessionToken ?? '',
      }
      return { arn: AssumedRoleUser?.Arn ?? '', kms: kms.client(credentials), credentials }
    },
  }

  /** AWS does not let root users assume roles. */
  const assumers = new Map<string, Promise<STSClient>>()
  const assumerOf = (account: string): Promise<STSClient> => {
    let made = assumers.get(account)
    if (!made) {
      made = newAssumer(account)
      assumers.set(account, made)
    }
    return made
  }
  async function newAssumer(account: string): Promise<STSClient> {
    const admin = iam(account)
    await admin.send(new CreateUserCommand({ UserName: 'assumer' }))
    await admin.send(
      new PutUserPolicyCommand({
        UserName: 'assumer',
        PolicyName: 'p',
        PolicyDocument: JSON.stringify(allow('sts:AssumeRole')),
      }),
    )
    const { AccessKey } = await admin.send(new CreateAccessKeyCommand({ UserName: 'assumer' }))
    return running.client(STSClient, {
      credentials: { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' },
    })
  }
  return kms
}

export const policyOf = (...Statement: readonly object[]) => ({ Version: '2012-10-17', Statement })

/** Allows actions on everything. */
export const allow = (...Action: readonly string[]) => policyOf({ Effect: 'Allow', Action, Resource: '*' })

/** An answer without what the SDK adds. */
export async function answer<T extends { readonly $metadata: object }>(
  call: Promise<T>,
): Promise<Omit<T, '$metadata'>> {
  const entries = Object.entries(await call).filter(([name]) => name !== '$metadata')
  return Object.fromEntries(entries) as unknown as Omit<T, '$metadata'>
}

/** What AWS answers where it refuses. */
export interface Refusal {
  readonly code: string
  readonly status: number
  readonly message: string
}

/** The refusal of a call that must be refused; `message` is empty where AWS says nothing. */
export async function refusal(call: Promise<unknown>): Promise<Refusal> {
  let thrown: unknown
  try {
    await call
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeDefined()
  const { name, message, $metadata } = thrown as {
    name: string
    message: string
    $metadata?: { httpStatusCode?: number }
  }
  // What the SDK says in place of a message that is not there.
  return { code: name, status: $metadata?.httpStatusCode ?? 0, message: message === 'UnknownError' ? '' : message }
}

/** A refusal with status 400, as all of KMS's. */
export const refused = (code: string, message: string): Refusal => ({ code, status: 400, message })

export const denied = (message: string): Refusal => refused('AccessDeniedException', message)

/** `1 validation error detected: …` */
export const invalid = (...problems: readonly string[]): Refusal =>
  refused(
    'ValidationException',
    `${problems.length} validation error${problems.length === 1 ? '' : 's'} detected: ${problems.join('; ')}`,
  )

export const WITHHELD =
  'because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access'

/** What a dry run of something that would succeed answers. */
export const DRY = refused(
  'DryRunOperationException',
  'The request would have succeeded, but the DryRun option is set.',
)

/** The bytes of an answer's member. */
export const bufferOf = (bytes: Uint8Array | undefined): Buffer => Buffer.from(bytes ?? [])

/** Denied by no policy of one's own, as all of KMS's callers without a policy are. */
export const notAllowed = (user: string, action: string, resource: string): Refusal =>
  denied(
    `User: ${user} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
  )

/** A user who may do one thing, on the condition that a key has a value. */
export const allowIf = (Action: string, condition: Readonly<Record<string, string>>) =>
  policyOf({ Effect: 'Allow', Action, Resource: '*', Condition: { StringEquals: condition } })

import {
  AttachRolePolicyCommand,
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam'
import {
  AssumeRoleCommand,
  STSClient,
  type AssumeRoleCommandInput,
  type Credentials as StsCredentials,
} from '@aws-sdk/client-sts'
import type { Layer } from '../../../emulator/access/types.ts'
import type { StsState } from '../../../emulator/services/sts/state.ts'
import { ACCOUNT, rootOf, startEmulator, type Credentials, type TestEmulator } from '../../support/emulator.ts'

export { ACCOUNT, OTHER_ACCOUNT, rootOf, type Credentials } from '../../support/emulator.ts'

export interface Statement {
  readonly Effect?: 'Allow' | 'Deny'
  readonly Principal?: object | string
  readonly Action?: string | readonly string[]
  readonly Resource?: string | readonly string[]
  readonly Condition?: object
}

/** A policy of the given statements; Effect defaults to Allow. */
export const policy = (...statements: Statement[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements.map((one) => ({ Effect: 'Allow', ...one })) })

export const allow = (...Action: string[]): string => policy({ Action, Resource: '*' })
export const deny = (...Action: string[]): string => policy({ Effect: 'Deny', Action, Resource: '*' })

/** A trust policy that admits these AWS principals to sts:AssumeRole. */
export const trust = (AWS: string | readonly string[], more: Partial<Statement> = {}): string =>
  policy({ Principal: { AWS }, Action: 'sts:AssumeRole', ...more })

export const roleArn = (name: string, account = ACCOUNT): string => `arn:aws:iam::${account}:role/${name}`

export const signedBy = (credentials: StsCredentials | undefined): Credentials => ({
  accessKeyId: credentials?.AccessKeyId ?? '',
  secretAccessKey: credentials?.SecretAccessKey ?? '',
  sessionToken: credentials?.SessionToken,
})

/** AWS has renamed this member; it still answers it. */
export const packedSize = (answer: object): number | undefined =>
  (answer as { readonly PackedPolicySize?: number }).PackedPolicySize

interface PrincipalOptions {
  readonly account?: string
  readonly path?: string
  /** An inline policy. */
  readonly policy?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly maxSeconds?: number
}

const tagList = (tags: Readonly<Record<string, string>> = {}) =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))

/** What a refusal was: status, code and text in one line, so that a test asserts all of it. */
export async function refusal(answer: Promise<unknown>): Promise<string> {
  try {
    await answer
  } catch (error) {
    if (!(error instanceof Error) || !('$metadata' in error)) throw error
    const { httpStatusCode } = error.$metadata as { readonly httpStatusCode?: number }
    return `${String(httpStatusCode)} ${error.name}: ${error.message}`
  }
  return 'allowed'
}

/** An emulator with shorthands for making principals and assuming roles. */
export class StsWorld {
  readonly test: TestEmulator

  constructor(test: TestEmulator) {
    this.test = test
  }

  static async start(): Promise<StsWorld> {
    return new StsWorld(await startEmulator())
  }

  get state(): StsState {
    return this.test.emulator.registry.require('sts').state as StsState
  }

  iam(account = ACCOUNT): IAMClient {
    return this.test.client(IAMClient, { credentials: rootOf(account) })
  }

  sts(credentials?: Credentials): STSClient {
    return this.test.client(STSClient, { credentials })
  }

  /** A user with an access key. */
  async user(UserName: string, { account, path, policy: document, tags }: PrincipalOptions = {}): Promise<Credentials> {
    const iam = this.iam(account)
    await iam.send(new CreateUserCommand({ UserName, Path: path, Tags: tagList(tags) }))
    if (document !== undefined) {
      await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'inline', PolicyDocument: document }))
    }
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }))
    return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' }
  }

  /** A role; answers its ARN. */
  async role(RoleName: string, trustPolicy: string, options: PrincipalOptions = {}): Promise<string> {
    const iam = this.iam(options.account)
    const made = await iam.send(
      new CreateRoleCommand({
        RoleName,
        Path: options.path,
        AssumeRolePolicyDocument: trustPolicy,
        Tags: tagList(options.tags),
        MaxSessionDuration: options.maxSeconds,
      }),
    )
    if (options.policy !== undefined) {
      await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'inline', PolicyDocument: options.policy }))
    }
    return made.Role?.Arn ?? ''
  }

  async managedPolicy(PolicyName: string, PolicyDocument: string): Promise<string> {
    const { Policy } = await this.iam().send(new CreatePolicyCommand({ PolicyName, PolicyDocument }))
    return Policy?.Arn ?? ''
  }

  async attach(RoleName: string, PolicyArn: string): Promise<void> {
    await this.iam().send(new AttachRolePolicyCommand({ RoleName, PolicyArn }))
  }

  assume(credentials: Credentials, RoleArn: string, more: Partial<AssumeRoleCommandInput> = {}) {
    return this.sts(credentials).send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'session', ...more }))
  }

  /** Assumes a role and answers the session's credentials. */
  async session(credentials: Credentials, RoleArn: string, more: Partial<AssumeRoleCommandInput> = {}) {
    return signedBy((await this.assume(credentials, RoleArn, more)).Credentials)
  }

  /** The seconds that new credentials last, as the second of their making is rounded. */
  async lasts(make: () => Promise<{ readonly Credentials?: StsCredentials | undefined }>): Promise<number> {
    const { clock } = this.test.emulator
    const before = Math.floor(clock.now() / 1000)
    const expiration = ((await make()).Credentials?.Expiration?.getTime() ?? 0) / 1000
    // Whole minutes are asked for: a second that passes meanwhile does not show.
    return Math.floor((expiration - before) / 60) * 60
  }

  /** The layer that refused the latest denied request. */
  denyingLayer(): Layer | undefined {
    const [latest] = this.test.emulator.decisions.list({ limit: 1, deniedOnly: true })
    return latest && this.test.emulator.decisions.refusal(latest.requestId)?.layer
  }
}

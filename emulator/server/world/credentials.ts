import { randomBytes } from 'node:crypto'
import { newAccessKeyId } from '../../lib/accessKeyId.ts'
import { isAccountId, rootArn } from '../../lib/arn.ts'
import type { Caller } from '../../operation/call.ts'
import type { Emulator } from '../app.ts'
import { callInside, rootCaller } from '../inside.ts'
import { BOOTSTRAP_SECRET } from '../settings.ts'
import { WorldError } from './world.ts'

/** What a client signs with, and who that is. */
export interface IssuedCredentials {
  readonly arn: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** Whose credentials are asked for: an account id (its root), `<account>/<user>`, or a session of a role. */
export type CredentialsRequest =
  | string
  | {
      /** ARN of the role. */
      readonly role: string
      /** `<account>/<user>`, or a service's principal: `lambda.amazonaws.com`. The role must trust it. */
      readonly by: string
      readonly session?: string
      readonly policy?: object
      readonly seconds?: number
    }

const SHAPE =
  '"<account>", "<account>/<user>" or {"role":"arn:…","by":"<account>/<user> or <service>.amazonaws.com","session":…,"policy":…,"seconds":…}'

/**
 * Credentials for somebody who exists. Users get a new access key, whatever number they have; roles are assumed, with all checks. Throws
 * AWS's refusal, or WorldError when nobody of that name can have credentials.
 */
export async function issueCredentials(emulator: Emulator, asked: unknown): Promise<IssuedCredentials> {
  if (typeof asked === 'string') return longTerm(emulator, asked)
  const { role, by, session = 'twokey', policy, seconds } = (asked ?? {}) as Readonly<Record<string, unknown>>
  if (typeof role !== 'string' || typeof by !== 'string') throw new WorldError(`say ${SHAPE}`)
  const { output } = await callInside(emulator, {
    caller: callerOf(emulator, by),
    region: 'us-east-1',
    service: 'sts',
    operation: 'AssumeRole',
    input: {
      RoleArn: role,
      RoleSessionName: session,
      ...(policy !== undefined && { Policy: JSON.stringify(policy) }),
      ...(seconds !== undefined && { DurationSeconds: seconds }),
    },
  })
  const { Credentials: made, AssumedRoleUser: who } = output as AssumedRole
  return {
    arn: who.Arn,
    accessKeyId: made.AccessKeyId,
    secretAccessKey: made.SecretAccessKey,
    sessionToken: made.SessionToken,
  }
}

interface AssumedRole {
  readonly AssumedRoleUser: { readonly Arn: string }
  readonly Credentials: {
    readonly AccessKeyId: string
    readonly SecretAccessKey: string
    readonly SessionToken: string
  }
}

function longTerm(emulator: Emulator, who: string): IssuedCredentials {
  const [account = '', user] = who.split('/')
  if (!isAccountId(account)) throw new WorldError(`\`${who}\` is nobody; say ${SHAPE}`)
  if (user === undefined) {
    if (!emulator.settings.bootstrap)
      throw new WorldError('the bootstrap door is closed (TWOKEY_BOOTSTRAP): an account’s root has no credentials')
    return { arn: rootArn(account), accessKeyId: account, secretAccessKey: BOOTSTRAP_SECRET }
  }
  const { caller, id, secret } = withNewKey(emulator, account, user)
  return { arn: 'arn' in caller.principal ? caller.principal.arn : '', accessKeyId: id, secretAccessKey: secret }
}

/** Gives a user another access key. Throws WorldError when there is no such user. */
function withNewKey({ env, clock }: Emulator, account: string, user: string) {
  const id = newAccessKeyId('AKIA', account, env.ids)
  const secret = randomBytes(30).toString('base64')
  try {
    env.directory.adoptAccessKey(account, user, { id, secret })
  } catch (error) {
    throw new WorldError(error instanceof Error ? error.message : String(error))
  }
  const found = env.directory.lookup(id, undefined, clock.now())
  if (!found.found) throw new Error(`the access key of \`${account}/${user}\` is not known: ${found.problem}`)
  return { caller: found.caller, id, secret }
}

function callerOf(emulator: Emulator, by: string): Caller {
  if (/^[\w.-]+\.amazonaws\.com$/.test(by)) return emulator.env.directory.servicePrincipal(by)
  const [account = '', user] = by.split('/')
  if (!isAccountId(account)) throw new WorldError(`\`${by}\` can assume no role; say ${SHAPE}`)
  return user === undefined ? rootCaller(emulator, account) : withNewKey(emulator, account, user).caller
}

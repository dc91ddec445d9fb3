import {
  CreatePolicyCommand,
  DeletePolicyCommand,
  DeleteUserPermissionsBoundaryCommand,
  PutUserPermissionsBoundaryCommand,
} from '@aws-sdk/client-iam'
import { CreateGrantCommand, RevokeGrantCommand, type GrantOperation } from '@aws-sdk/client-kms'
import type { S3Client } from '@aws-sdk/client-s3'
import { AttachPolicyCommand, DeletePolicyCommand as DeleteControlPolicyCommand } from '@aws-sdk/client-organizations'
import { DetachPolicyCommand, type PolicyType } from '@aws-sdk/client-organizations'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import type { Layer } from '../../../../emulator/access/types.ts'
import { allow, deny, policy } from '../support.ts'
import { ACCOUNT, SUBJECT, allBut, isKeyCheck, type Check, type GatesWorld } from './world.ts'

/** Takes one permission away, and nothing else. */
export interface Way {
  readonly name: string
  readonly layer: Layer
  /** The end of AWS's sentence (facts: denials 1.2). */
  readonly cause: (check: Check) => string
  readonly take: (world: GatesWorld, check: Check) => Promise<Taken>
}

export interface Taken {
  /** Who asks, if it is not the user. */
  readonly as?: { readonly arn: string; readonly s3: S3Client }
  readonly giveBack: () => Promise<void>
}

const missing =
  (what: string) =>
  ({ action }: Check) =>
    `because no ${what} allows the ${action} action`
const explicit = (what: string) => () => `with an explicit deny in ${what}`

const others = (check: Check) => policy(...allBut(check))
const forbidden = ({ action, resource }: Check) => policy(allow('*'), deny(action, resource))

export const WAYS: readonly Way[] = [
  {
    name: 'the identity policy does not allow it',
    layer: 'identity',
    cause: missing('identity-based policy'),
    take: (world, check) => permitting(world, ...allBut(check)),
  },
  {
    name: 'the identity policy denies it',
    layer: 'identity',
    cause: explicit('an identity-based policy'),
    take: (world, { action, resource }) => permitting(world, allow('*'), deny(action, resource)),
  },
  {
    name: 'the policy of the bucket or the key denies it',
    layer: 'resource',
    cause: explicit('a resource-based policy'),
    async take(world, check) {
      const statement = { ...deny(check.action, check.resource), Principal: { AWS: world.user.arn } }
      if (!isKeyCheck(check)) {
        await world.bucketPolicy(statement)
        return { giveBack: () => world.bucketPolicy() }
      }
      await world.keyPolicy(check.resource, delegation, statement)
      return { giveBack: () => world.defaultKeyPolicy(check.resource) }
    },
  },
  {
    name: 'the boundary does not allow it',
    layer: 'boundary',
    cause: missing('permissions boundary'),
    take: (world, check) => bounded(world, others(check)),
  },
  {
    name: 'the boundary denies it',
    layer: 'boundary',
    cause: explicit('a permissions boundary'),
    take: (world, check) => bounded(world, forbidden(check)),
  },
  {
    name: 'the session policy does not allow it',
    layer: 'session',
    cause: missing('session policy'),
    take: (world, check) => inSession(world, others(check)),
  },
  {
    name: 'the session policy denies it',
    layer: 'session',
    cause: explicit('a session policy'),
    take: (world, check) => inSession(world, forbidden(check)),
  },
  {
    name: 'an SCP denies it',
    layer: 'scp',
    cause: explicit('a service control policy'),
    take: (world, { action, resource }) => controlled(world, 'SERVICE_CONTROL_POLICY', deny(action, resource)),
  },
  {
    name: 'no SCP allows it',
    layer: 'scp',
    cause: missing('service control policy'),
    async take(world, check) {
      const { giveBack } = await controlled(world, 'SERVICE_CONTROL_POLICY', ...allBut(check))
      const everything = { PolicyId: 'p-FullAWSAccess', TargetId: ACCOUNT }
      await world.organization.as().send(new DetachPolicyCommand(everything))
      return {
        async giveBack() {
          await world.organization.as().send(new AttachPolicyCommand(everything))
          await giveBack()
        },
      }
    },
  },
  {
    name: 'an RCP denies it',
    layer: 'rcp',
    cause: explicit('a resource control policy'),
    take: (world, { action, resource }) =>
      controlled(world, 'RESOURCE_CONTROL_POLICY', { ...deny(action, resource), Principal: '*' }),
  },
]

/** What only keys know. */
export const KEY_WAYS: readonly Way[] = [
  {
    name: 'the key policy neither names the caller nor trusts the account',
    layer: 'resource',
    cause: missing('resource-based policy'),
    take: (world, { resource }) => underKeyPolicy(world, resource),
  },
  {
    name: 'the key policy allows it for another encryption context',
    layer: 'resource',
    cause: missing('resource-based policy'),
    take: (world, check) => underKeyPolicy(world, check.resource, named(world, check, otherContext)),
  },
  {
    name: 'the key policy allows it through another service',
    layer: 'resource',
    cause: missing('resource-based policy'),
    take: (world, check) => underKeyPolicy(world, check.resource, named(world, check, otherService)),
  },
  {
    name: 'the key policy allows it to another account’s callers',
    layer: 'resource',
    cause: missing('resource-based policy'),
    take: (world, check) => underKeyPolicy(world, check.resource, named(world, check, otherAccount)),
  },
  {
    name: 'the identity policy allows it for another encryption context',
    layer: 'identity',
    cause: missing('identity-based policy'),
    take: (world, check) => permitting(world, ...allBut(check), conditional(check, otherContext)),
  },
  {
    name: 'the identity policy allows it through another service',
    layer: 'identity',
    cause: missing('identity-based policy'),
    take: (world, check) => permitting(world, ...allBut(check), conditional(check, otherService)),
  },
  {
    name: 'a grant is for another encryption context',
    layer: 'resource',
    cause: missing('resource-based policy'),
    async take(world, check) {
      const { giveBack } = await underKeyPolicy(world, check.resource)
      const Constraints = { EncryptionContextSubset: { 'aws:s3:arn': 'arn:aws:s3:::gates/other' } }
      const GrantId = await granted(world, check, { Constraints })
      return {
        async giveBack() {
          await world.kms.send(new RevokeGrantCommand({ KeyId: check.resource, GrantId }))
          await giveBack()
        },
      }
    },
  },
  {
    name: 'the grant was revoked',
    layer: 'resource',
    cause: missing('resource-based policy'),
    async take(world, check) {
      const { giveBack } = await underKeyPolicy(world, check.resource)
      const GrantId = await granted(world, check)
      await world.kms.send(new RevokeGrantCommand({ KeyId: check.resource, GrantId }))
      return { giveBack }
    },
  },
]

export const otherContext = { StringEquals: { 'kms:EncryptionContext:aws:s3:arn': 'arn:aws:s3:::gates/other' } }
export const otherService = { StringEquals: { 'kms:ViaService': 'ec2.us-east-1.amazonaws.com' } }
export const otherAccount = { StringEquals: { 'kms:CallerAccount': '999999999999' } }

const delegation = { ...allow('kms:*'), Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } }
const conditional = ({ action, resource }: Check, Condition: object) => ({ ...allow(action, resource), Condition })
/** A statement of a key policy for the user. */
export const named = (world: GatesWorld, { action }: Check, Condition: object) => ({
  ...allow(action),
  Principal: { AWS: world.user.arn },
  Condition,
})

async function permitting(world: GatesWorld, ...statements: readonly object[]): Promise<Taken> {
  await world.permit(...statements)
  return { giveBack: () => world.permit(allow('*')) }
}

export async function underKeyPolicy(world: GatesWorld, key: string, ...statements: readonly object[]): Promise<Taken> {
  await world.keyPolicy(key, ...statements)
  return { giveBack: () => world.defaultKeyPolicy(key) }
}

/** @returns the grant's id */
export async function granted(world: GatesWorld, check: Check, more: object = {}): Promise<string> {
  const Operations = [check.action.slice('kms:'.length) as GrantOperation]
  const input = { KeyId: check.resource, GranteePrincipal: world.user.arn, Operations, ...more }
  return (await world.kms.send(new CreateGrantCommand(input))).GrantId ?? ''
}

async function bounded(world: GatesWorld, PolicyDocument: string): Promise<Taken> {
  const made = await world.iam.send(new CreatePolicyCommand({ PolicyName: 'boundary', PolicyDocument }))
  const PolicyArn = made.Policy?.Arn ?? ''
  await world.iam.send(new PutUserPermissionsBoundaryCommand({ UserName: SUBJECT, PermissionsBoundary: PolicyArn }))
  return {
    async giveBack() {
      await world.iam.send(new DeleteUserPermissionsBoundaryCommand({ UserName: SUBJECT }))
      await world.iam.send(new DeletePolicyCommand({ PolicyArn }))
    },
  }
}

async function inSession(world: GatesWorld, Policy: string): Promise<Taken> {
  const sts = world.organization.test.client(STSClient, { credentials: world.user.credentials })
  const RoleArn = `arn:aws:iam::${ACCOUNT}:role/${SUBJECT}`
  const { Credentials: made, AssumedRoleUser } = await sts.send(
    new AssumeRoleCommand({ RoleArn, RoleSessionName: 'session', Policy }),
  )
  const credentials = {
    accessKeyId: made?.AccessKeyId ?? '',
    secretAccessKey: made?.SecretAccessKey ?? '',
    sessionToken: made?.SessionToken,
  }
  return {
    as: { arn: AssumedRoleUser?.Arn ?? '', s3: world.as(credentials) },
    giveBack: () => Promise.resolve(),
  }
}

async function controlled(world: GatesWorld, type: PolicyType, ...statements: readonly object[]): Promise<Taken> {
  const { organization } = world
  const PolicyId = await organization.policy('gate', policy(...statements), type)
  await organization.attach(PolicyId, ACCOUNT)
  return {
    async giveBack() {
      await organization.as().send(new DetachPolicyCommand({ PolicyId, TargetId: ACCOUNT }))
      await organization.as().send(new DeleteControlPolicyCommand({ PolicyId }))
    },
  }
}

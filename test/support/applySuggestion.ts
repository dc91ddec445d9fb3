import type { Change, PolicyStatement, Suggestion } from '../../emulator/access/suggest/types.ts'
import type { Emulator } from '../../emulator/server/app.ts'
import { callInside, rootCaller } from '../../emulator/server/inside.ts'
import type { Actor } from '../../emulator/server/world/scenario.ts'

/** What somebody knows who makes suggested changes. */
export interface Owners {
  /** Of the resource that was asked for. */
  readonly resource: string
  /** Of the organization: its management account. */
  readonly organization: string | undefined
}

/**
 * Makes a suggestion's changes with AWS's own operations, as the root users of the accounts concerned.
 * @returns the caller to repeat the request as: session policies are given anew
 */
export async function applySuggestion(
  emulator: Emulator,
  { changes }: Suggestion,
  owners: Owners,
  as: Actor,
): Promise<Actor> {
  let caller = as
  for (const change of changes) {
    if (change.kind === 'session') caller = withSessionPolicy(caller, change)
    else await apply(emulator, change, owners)
  }
  return caller
}

function withSessionPolicy(as: Actor, change: Change): Actor {
  if (typeof as === 'string') throw new Error(`${as} has no session`)
  return { ...as, policy: JSON.parse(edited(JSON.stringify(as.policy), change)) as object }
}

type Answer = Readonly<Record<string, unknown>>
type Call = (operation: string, input: object) => Promise<Answer>

const NEW = JSON.stringify({ Version: '2012-10-17', Statement: [] })
/** A suggestion says that a new policy is needed; what it is called is up to whoever makes it. */
const NAME = 'Suggested'

/** A policy document with the change made. */
function edited(text: string | undefined, { add, remove, replace }: Change): string {
  const document = JSON.parse(text ?? NEW) as { Statement: PolicyStatement | PolicyStatement[] }
  const statements = [document.Statement].flat()
  if (add) statements.push(add)
  if (remove) statements.splice(remove.statement, 1)
  if (replace) statements.splice(replace.statement, 1, ...replace.with)
  return JSON.stringify({ ...document, Statement: statements })
}

async function apply(emulator: Emulator, change: Change, owners: Owners): Promise<void> {
  const { kind, target, policy, grant, publicAccessBlock } = change
  const at = target ?? ''
  const [, , , region = '', account = '', name = ''] = at.split(':')
  const by =
    (service: string, owner = account, where = region): Call =>
    async (operation, input) => {
      const caller = rootCaller(emulator, owner)
      const { output } = await callInside(emulator, { caller, region: where || 'us-east-1', service, operation, input })
      return output as Answer
    }
  switch (kind) {
    case 'grant':
      await by('kms')('CreateGrant', { ...grant })
      return
    case 'key-policy': {
      const { Policy } = await by('kms')('GetKeyPolicy', { KeyId: at })
      await by('kms')('PutKeyPolicy', { KeyId: at, Policy: edited(Policy as string, change) })
      return
    }
    case 'bucket-policy':
      await editBucket(by('s3', owners.resource), name, change)
      return
    case 'trust': {
      const RoleName = name.replace(/^.*\//, '')
      const { Role } = await by('iam')('GetRole', { RoleName })
      const text = decodeURIComponent((Role as { AssumeRolePolicyDocument: string }).AssumeRolePolicyDocument)
      await by('iam')('UpdateAssumeRolePolicy', { RoleName, PolicyDocument: edited(text, change) })
      return
    }
    case 'endpoint':
      editEndpoint(emulator, name.replace(/^.*\//, ''), change)
      return
    case 'scp':
    case 'rcp':
      await editControl(by('organizations', owners.organization), change)
      return
    case 'identity':
    case 'boundary':
      if (policy?.startsWith('arn:')) await editManaged(by('iam', policy.split(':')[4]), policy, change)
      else await editInline(by('iam'), name, change)
      return
    default:
      if (publicAccessBlock) {
        await by('s3', owners.resource)('PutPublicAccessBlock', publicAccessBlock)
        return
      }
      throw new Error(`this is not for programs: ${change.what}`)
  }
}

async function editBucket(s3: Call, Bucket: string, change: Change): Promise<void> {
  const there = await s3('GetBucketPolicy', { Bucket }).catch(() => undefined)
  await s3('PutBucketPolicy', { Bucket, Policy: edited(there?.['Policy'] as string | undefined, change) })
}

async function editControl(organizations: Call, change: Change): Promise<void> {
  const { policy, target } = change
  if (policy === undefined) {
    const made = (await organizations('CreatePolicy', {
      Name: NAME,
      Description: NAME,
      Type: change.kind === 'scp' ? 'SERVICE_CONTROL_POLICY' : 'RESOURCE_CONTROL_POLICY',
      Content: edited(undefined, change),
    })) as { Policy: { PolicySummary: { Id: string } } }
    await organizations('AttachPolicy', { PolicyId: made.Policy.PolicySummary.Id, TargetId: target })
    return
  }
  const PolicyId = policy.replace(/^.*\//, '')
  const { Policy } = (await organizations('DescribePolicy', { PolicyId })) as { Policy: { Content: string } }
  await organizations('UpdatePolicy', { PolicyId, Content: edited(Policy.Content, change) })
}

async function editManaged(iam: Call, PolicyArn: string, change: Change): Promise<void> {
  const { Policy } = (await iam('GetPolicy', { PolicyArn })) as { Policy: { DefaultVersionId: string } }
  const { PolicyVersion } = (await iam('GetPolicyVersion', { PolicyArn, VersionId: Policy.DefaultVersionId })) as {
    PolicyVersion: { Document: string }
  }
  const PolicyDocument = edited(decodeURIComponent(PolicyVersion.Document), change)
  await iam('CreatePolicyVersion', { PolicyArn, PolicyDocument, SetAsDefault: true })
}

async function editInline(iam: Call, path: string, change: Change): Promise<void> {
  const [kind = ''] = path.split('/')
  const noun = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`
  const whose = { [`${noun}Name`]: path.replace(/^.*\//, '') }
  const there = change.policy
  const { PolicyDocument } = there === undefined ? {} : await iam(`Get${noun}Policy`, { ...whose, PolicyName: there })
  const text = typeof PolicyDocument === 'string' ? decodeURIComponent(PolicyDocument) : undefined
  const next = edited(text, change)
  // What says nothing any more is no policy.
  if ((JSON.parse(next) as { Statement: unknown[] }).Statement.length === 0)
    await iam(`Delete${noun}Policy`, { ...whose, PolicyName: there })
  else await iam(`Put${noun}Policy`, { ...whose, PolicyName: there ?? NAME, PolicyDocument: next })
}

function editEndpoint(emulator: Emulator, id: string, change: Change): void {
  const known = emulator.core.endpoints.list().find((each) => each.id === id)
  if (!known) throw new Error(`there is no endpoint ${id}`)
  const { account, region, vpc, services, policy } = known
  const spec = { vpc, ...(services && { services }), policy: JSON.parse(edited(policy, change)) as object }
  emulator.core.endpoints.declare({ account, region }, id, spec)
}

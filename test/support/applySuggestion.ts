import type { Change, PolicyStatement, Suggestion } from '../../emulator/access/suggest/types.ts'
import type { Emulator } from '../../emulator/server/app.ts'
import { callInside, rootCaller } from '../../emulator/server/inside.ts'
import type { S3State } from '../../emulator/services/s3/state.ts'
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
  for (const edits of byDocument(changes)) {
    if (edits[0].kind === 'session') caller = withSessionPolicy(caller, edits)
    else await apply(emulator, edits, owners)
  }
  return caller
}

/** What is changed in one document, in order. */
type Edits = readonly [Change, ...Change[]]

/** Each document is written once: in between it might be none that AWS takes. */
function byDocument(changes: readonly Change[]): Iterable<Edits> {
  const found = new Map<string, Edits>()
  for (const change of changes) {
    const { kind, target, policy = '', grant, publicAccessBlock } = change
    const document = JSON.stringify([
      policy.startsWith('arn:') ? policy : [kind, target, policy],
      grant,
      publicAccessBlock,
    ])
    found.set(document, [...(found.get(document) ?? []), change] as unknown as Edits)
  }
  return found.values()
}

function withSessionPolicy(as: Actor, edits: Edits): Actor {
  if (typeof as === 'string') throw new Error(`${as} has no session`)
  return { ...as, policy: JSON.parse(edited(JSON.stringify(as.policy), edits)) as object }
}

type Answer = Readonly<Record<string, unknown>>
type Call = (operation: string, input: object) => Promise<Answer>

const NEW = JSON.stringify({ Version: '2012-10-17', Statement: [] })
/** A suggestion says that a new policy is needed; what it is called is up to whoever makes it. */
const NAME = 'Suggested'

/** A policy document with the changes made. */
function edited(text: string | undefined, edits: Edits): string {
  const document = JSON.parse(text ?? NEW) as { Statement: PolicyStatement | PolicyStatement[] }
  const statements = [document.Statement].flat()
  for (const { add, remove, replace } of edits) {
    if (add) statements.push(add)
    if (remove) statements.splice(remove.statement, 1)
    if (replace) statements.splice(replace.statement, 1, ...replace.with)
  }
  return JSON.stringify({ ...document, Statement: statements })
}

/** What says nothing any more is no policy. */
const saysNothing = (text: string) => (JSON.parse(text) as { Statement: unknown[] }).Statement.length === 0

async function apply(emulator: Emulator, edits: Edits, owners: Owners): Promise<void> {
  const [{ kind, target, policy, what, grant, publicAccessBlock }] = edits
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
      await by('kms')('PutKeyPolicy', { KeyId: at, Policy: edited(Policy as string, edits) })
      return
    }
    case 'bucket-policy':
      await editBucket(emulator, by('s3', owners.resource), name, edits)
      return
    case 'trust': {
      const RoleName = name.replace(/^.*\//, '')
      const { Role } = await by('iam')('GetRole', { RoleName })
      const text = decodeURIComponent((Role as { AssumeRolePolicyDocument: string }).AssumeRolePolicyDocument)
      await by('iam')('UpdateAssumeRolePolicy', { RoleName, PolicyDocument: edited(text, edits) })
      return
    }
    case 'endpoint':
      editEndpoint(emulator, name.replace(/^.*\//, ''), edits)
      return
    case 'scp':
    case 'rcp':
      await editControl(by('organizations', owners.organization), edits)
      return
    case 'identity':
    case 'boundary':
      if (policy?.startsWith('arn:')) await editManaged(by('iam', policy.split(':')[4]), policy, edits)
      else await editInline(by('iam'), name, edits)
      return
    default:
      if (publicAccessBlock) {
        await by('s3', owners.resource)('PutPublicAccessBlock', publicAccessBlock)
        return
      }
      throw new Error(`this is not for programs: ${what}`)
  }
}

async function editBucket(emulator: Emulator, s3: Call, Bucket: string, edits: Edits): Promise<void> {
  // Whoever keeps it elsewhere knows it, even where a resource control policy denies reading it to the owner's root.
  const { buckets } = emulator.registry.require('s3').state as S3State
  const Policy = edited(buckets.in().get(Bucket)?.policy?.text, edits)
  await (saysNothing(Policy) ? s3('DeleteBucketPolicy', { Bucket }) : s3('PutBucketPolicy', { Bucket, Policy }))
}

async function editControl(organizations: Call, edits: Edits): Promise<void> {
  const [{ policy, target, kind }] = edits
  if (policy === undefined) {
    const made = (await organizations('CreatePolicy', {
      Name: NAME,
      Description: NAME,
      Type: kind === 'scp' ? 'SERVICE_CONTROL_POLICY' : 'RESOURCE_CONTROL_POLICY',
      Content: edited(undefined, edits),
    })) as { Policy: { PolicySummary: { Id: string } } }
    await organizations('AttachPolicy', { PolicyId: made.Policy.PolicySummary.Id, TargetId: target })
    return
  }
  const PolicyId = policy.replace(/^.*\//, '')
  const { Policy } = (await organizations('DescribePolicy', { PolicyId })) as { Policy: { Content: string } }
  await organizations('UpdatePolicy', { PolicyId, Content: edited(Policy.Content, edits) })
}

async function editManaged(iam: Call, PolicyArn: string, edits: Edits): Promise<void> {
  const { Policy } = (await iam('GetPolicy', { PolicyArn })) as { Policy: { DefaultVersionId: string } }
  const { PolicyVersion } = (await iam('GetPolicyVersion', { PolicyArn, VersionId: Policy.DefaultVersionId })) as {
    PolicyVersion: { Document: string }
  }
  const PolicyDocument = edited(decodeURIComponent(PolicyVersion.Document), edits)
  await iam('CreatePolicyVersion', { PolicyArn, PolicyDocument, SetAsDefault: true })
}

async function editInline(iam: Call, path: string, edits: Edits): Promise<void> {
  const [kind = ''] = path.split('/')
  const noun = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`
  const whose = { [`${noun}Name`]: path.replace(/^.*\//, '') }
  const [{ policy: there }] = edits
  const { PolicyDocument } = there === undefined ? {} : await iam(`Get${noun}Policy`, { ...whose, PolicyName: there })
  const text = typeof PolicyDocument === 'string' ? decodeURIComponent(PolicyDocument) : undefined
  const next = edited(text, edits)
  if (saysNothing(next)) await iam(`Delete${noun}Policy`, { ...whose, PolicyName: there })
  else await iam(`Put${noun}Policy`, { ...whose, PolicyName: there ?? NAME, PolicyDocument: next })
}

function editEndpoint(emulator: Emulator, id: string, edits: Edits): void {
  const known = emulator.core.endpoints.list().find((each) => each.id === id)
  if (!known) throw new Error(`there is no endpoint ${id}`)
  const { account, region, vpc, services, policy } = known
  const spec = { vpc, ...(services && { services }), policy: JSON.parse(edited(policy, edits)) as object }
  emulator.core.endpoints.declare({ account, region }, id, spec)
}

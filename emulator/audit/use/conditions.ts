import { beginningWith, exactly } from '../../access/generate/pattern.ts'
import type { UseCondition } from '../../access/generate/use.ts'
import type { AuthorizationRequest } from '../../access/types.ts'
import { detached } from '../../lib/detached.ts'

/** Condition keys, beside the encryption context, that belong to what an action is about; in AWS's spelling. */
const KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ['kms:CreateGrant', ['kms:GrantIsForAWSResource', 'kms:GranteePrincipal', 'kms:GrantOperations']],
  ['kms:ReplicateKey', ['kms:ReplicaRegion']],
  ['iam:PassRole', ['iam:PassedToService']],
  ['iam:CreateServiceLinkedRole', ['iam:AWSServiceName']],
  ['s3:ListBucket', ['s3:prefix']],
  ['s3:ListBucketVersions', ['s3:prefix']],
  ['ec2:CreateTags', ['ec2:CreateAction']],
])

const NO_KEYS: readonly string[] = []

/** The condition keys of an action that are worth remembering, beside its encryption context. */
export const keysOf = (action: string): readonly string[] => KEYS.get(action) ?? NO_KEYS

/** EBS makes up a volume's id and binds its data key to it: of the next one, only the kind is known (`vol-`). */
const MADE_UP = 'aws:ebs:id'

const kindOf = (id: string) => id.slice(0, id.indexOf('-') + 1)

/**
 * What tells a request apart from others with the same action and way: its resource and the values of its conditions. Asked for every
 * request, so it joins texts and builds nothing.
 */
export function identityOf(request: AuthorizationRequest, keys: readonly string[]): string {
  let identity = request.resource
  const { encryptionContext } = request
  if (encryptionContext) {
    for (const name of Object.keys(encryptionContext)) {
      const value = encryptionContext[name] ?? ''
      // Lengths, so that no two contexts can look the same.
      identity += `\n${name.length}:${name}${value.length}:${name === MADE_UP ? kindOf(value) : value}`
    }
  }
  if (keys.length > 0)
    for (const { key, values } of keyConditions(request, keys)) identity += `\n${key}=${join(values)}`
  return identity
}

const join = (values: UseCondition['values']) => JSON.stringify(values.map(({ text }) => text))

/** The conditions as data; its texts are still the request's. */
export function conditionsOf(request: AuthorizationRequest, keys: readonly string[]): UseCondition[] {
  const conditions = keyConditions(request, keys)
  const names = Object.keys(request.encryptionContext ?? {})
  const lower = names.map((name) => name.toLowerCase())
  for (const name of names) {
    // Names that differ in case alone are one condition key with two values: no condition can ask for both.
    if (lower.indexOf(name.toLowerCase()) !== lower.lastIndexOf(name.toLowerCase())) continue
    const value = request.encryptionContext?.[name] ?? ''
    conditions.push({
      key: `kms:EncryptionContext:${name}`,
      values: [name === MADE_UP ? beginningWith(kindOf(value)) : exactly(value)],
      type: 'String',
      many: false,
    })
  }
  return conditions
}

function keyConditions({ context }: AuthorizationRequest, keys: readonly string[]): UseCondition[] {
  const conditions: UseCondition[] = []
  const isForService = context.get('kms:grantisforawsresource') === 'true'
  for (const key of keys) {
    const value = context.get(key.toLowerCase())
    if (value === undefined) continue
    const isFlag = key === 'kms:GrantIsForAWSResource'
    // A service names grantees of its own making; people say false by saying nothing.
    if (isFlag ? !isForService : isForService) continue
    const values = typeof value === 'string' ? [value] : [...value].sort()
    conditions.push({
      key,
      values: values.map(exactly),
      type: isFlag ? 'Bool' : 'String',
      many: typeof value !== 'string',
    })
  }
  return conditions
}

/** The same, in texts that keep no request alive. */
export const detachedConditions = (conditions: readonly UseCondition[]): UseCondition[] =>
  conditions.map((condition) => ({
    ...condition,
    key: detached(condition.key),
    values: condition.values.map(({ text, open }) => ({ text: detached(text), open })),
  }))

/**
 * Whether a bucket policy is public (S3 User Guide, "The meaning of public"): it is when an Allow statement admits principals that
 * neither its Principal nor a condition on fixed values limits.
 */
export function isPublicPolicy(text: string): boolean {
  const document = JSON.parse(text) as { readonly Statement?: unknown }
  return listOf(document.Statement).some(
    (statement) =>
      isRecord(statement) &&
      statement['Effect'] === 'Allow' &&
      admitsEveryone(statement) &&
      !isLimited(statement['Condition']),
  )
}

type Dictionary = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is Dictionary =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value]

function admitsEveryone(statement: Dictionary): boolean {
  // Allowing all but some is allowing everyone.
  if (statement['NotPrincipal'] !== undefined) return true
  const principal = statement['Principal']
  if (principal === '*') return true
  return isRecord(principal) && listOf(principal['AWS']).includes('*')
}

/** Keys whose fixed values limit who may come, lower case. */
const LIMITING: ReadonlySet<string> = new Set([
  'aws:principalarn',
  'aws:principalaccount',
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:sourceaccount',
  'aws:sourcearn',
  'aws:sourceip',
  'aws:sourceorgid',
  'aws:sourceorgpaths',
  'aws:sourceowner',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:userid',
  's3:dataaccesspointaccount',
  's3:dataaccesspointarn',
  's3:accesspointnetworkorigin',
])
const POSITIVE =
  /^(?:for(?:any|all)values:)?(?:stringequals|stringequalsignorecase|stringlike|arnequals|arnlike|ipaddress)$/i

function isLimited(condition: unknown): boolean {
  if (!isRecord(condition)) return false
  return Object.entries(condition).some(
    ([operator, pairs]) =>
      POSITIVE.test(operator) &&
      isRecord(pairs) &&
      Object.entries(pairs).some(
        ([key, values]) =>
          LIMITING.has(key.toLowerCase()) && listOf(values).every((value) => isFixed(key.toLowerCase(), String(value))),
      ),
  )
}

/** Neither wildcards nor policy variables; a range of addresses must not be half the internet. */
function isFixed(key: string, value: string): boolean {
  if (value.includes('${')) return false
  if (key === 'aws:sourceip') {
    const bits = /\/(\d+)$/.exec(value)?.[1]
    return bits === undefined || Number(bits) >= (value.includes(':') ? 32 : 8)
  }
  // The access point's name may be anything as long as its account is fixed; a user id may end in any session name.
  if (key === 's3:dataaccesspointarn') return /^arn:[^:*?]+:s3:[^:]*:\d{12}:/.test(value)
  if (key === 'aws:userid') return !/[*?]/.test(value.replace(/:\*$/, ''))
  return !/[*?]/.test(value)
}

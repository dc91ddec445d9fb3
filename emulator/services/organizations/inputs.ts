import { invalidInput } from './errors.ts'

interface Rule {
  readonly pattern?: RegExp
  readonly target?: true
  readonly minLength?: number
  readonly maxLength?: number
}

const ROOT = 'r-[0-9a-z]{4,32}'
const UNIT = 'ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}'
const ACCOUNT = '\\d{12}'
const POLICY = 'p-[0-9a-zA-Z_]{8,128}'

const one = (...patterns: string[]) => ({ pattern: new RegExp(`^(?:${patterns.join('|')})$`) })
const PARENT = one(ROOT, UNIT)

/** What AWS's model demands of members, by name: the same in every operation. */
const RULES: Readonly<Record<string, Rule>> = {
  RootId: one(ROOT),
  OrganizationalUnitId: one(UNIT),
  AccountId: one(ACCOUNT),
  ParentId: PARENT,
  SourceParentId: PARENT,
  DestinationParentId: PARENT,
  ChildId: one(ACCOUNT, UNIT),
  PolicyId: one(POLICY),
  TargetId: { ...one(ROOT, ACCOUNT, UNIT), target: true },
  ResourceId: one(ROOT, ACCOUNT, UNIT, POLICY),
  HandshakeId: one('h-[0-9a-z]{8,32}'),
  CreateAccountRequestId: one('car-[a-z0-9]{8,32}'),
  Name: { minLength: 1, maxLength: 128 },
  Description: { maxLength: 512 },
  Content: { minLength: 1, maxLength: 1_000_000 },
  AccountName: { minLength: 1, maxLength: 50, pattern: /^[ -~]+$/ },
  Email: { minLength: 6, maxLength: 64, pattern: /^[^\s@]+@[^\s@]+\.[^\s@]+$/ },
  RoleName: { pattern: /^[\w+=,.@-]{1,64}$/ },
  Notes: { maxLength: 1024 },
}

const MOST_RESULTS = 20

/**
 * Organizations words what its model demands as InvalidInputException with a reason, not as ValidationException.
 * @throws AwsError InvalidInputException
 */
export function checkInput(input: object): void {
  for (const [name, value] of Object.entries(input)) {
    const rule = RULES[name]
    if (rule && typeof value === 'string') checkText(value, rule)
    if (name === 'MaxResults' && typeof value === 'number') {
      if (value < 1) throw invalidInput('MIN_VALUE_EXCEEDED')
      if (value > MOST_RESULTS) throw invalidInput('MAX_VALUE_EXCEEDED')
    }
  }
}

function checkText(value: string, { pattern, target, minLength = 0, maxLength = Infinity }: Rule): void {
  if (value.length < minLength) throw invalidInput('MIN_LENGTH_EXCEEDED')
  if (value.length > maxLength) throw invalidInput('MAX_LENGTH_EXCEEDED')
  if (pattern && !pattern.test(value)) throw invalidInput(target ? 'INVALID_PATTERN_TARGET_ID' : 'INVALID_PATTERN')
}

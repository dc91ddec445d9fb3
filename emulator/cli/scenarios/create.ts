import { writeFile } from 'node:fs/promises'
import type { Explanation, LayerView } from '../../access/explain.ts'
import type { DecisionSummary, DecisionView } from '../../audit/decisionLog.ts'
import { FIXTURES } from '../../server/world/format.ts'
import { readScenario, type Scenario } from '../../server/world/scenario.ts'
import { CliError } from '../cliError.ts'
import { ask } from '../door.ts'
import { playAlone } from './run.ts'

/**
 * Writes a scenario file: a beginning to go on from, or, given a request id, what a running emulator really refused. That is played
 * first, and written only if it is refused again in the same words. It holds policies and names, no keys, credentials or contents.
 * @param from a request id, or `last` for the latest that a policy denied
 */
export async function create(name: string, from: string | undefined): Promise<string> {
  const file = name.endsWith('.json') ? name : `${name}.json`
  const scenario =
    from === undefined ? STARTER : captured((await ask(`/decisions/${await idOf(from)}`)) as DecisionView)
  const { steps } = await playAlone({ name, file, scenario: await readScenario(scenario) }, () => undefined)
  const differs = steps.find(({ passed }) => !passed)
  if (differs) {
    throw new CliError(
      `this refusal cannot be played again from the policies alone, so nothing was written:\nexpected ${differs.expected}\nactual   ${differs.actual}`,
    )
  }
  const text = `${JSON.stringify({ $schema: `${FIXTURES ?? ''}scenario.schema.json`, ...scenario }, null, 2)}\n`
  // A file that is there is somebody's work.
  await writeFile(file, text, { flag: 'wx' }).catch((error: unknown) => {
    throw new CliError(`cannot write \`${file}\`: ${error instanceof Error ? error.message : String(error)}`)
  })
  return file
}

async function idOf(from: string): Promise<string> {
  if (from !== 'last') return encodeURIComponent(from)
  const { decisions } = (await ask('/decisions?limit=1&outcome=denied')) as { decisions: DecisionSummary[] }
  if (!decisions[0]) throw new CliError('nothing has been denied yet')
  return encodeURIComponent(decisions[0].requestId)
}

/** The world that a denied request needs, and the request. */
function captured(view: DecisionView): Scenario {
  const checks = view.gates.flatMap((gate) => gate.checks)
  const refused = checks.find(({ allowed }) => !allowed)
  const input = INPUTS[`${view.service}:${view.operation ?? ''}`]
  const [, account, user] = /^arn:aws:iam::(\d{12}):user\/(?:.*\/)?(.+)$/.exec(view.principal) ?? []
  if (!refused || !view.error || !input || account === undefined || user === undefined || refused.crossAccount) {
    throw new CliError(
      `only what a policy denied to a user on something of the same account can be written, of ${Object.keys(INPUTS).join(', ')}; this was ${view.service}:${view.operation ?? '?'} by ${view.principal}`,
    )
  }
  const { layer } = refused.decidedBy
  if (!['identity', 'boundary', 'resource'].includes(layer))
    throw new CliError(`the ${layer} layer decided; only identity, boundary and resource policies can be written`)
  const key = checks.find(({ resource }) => resource.startsWith('arn:aws:kms:'))
  const data = checks.find(({ resource }) => resource.startsWith('arn:aws:s3:::'))
  const { bucket, object } = placeOf(data?.resource ?? key?.encryptionContext?.['aws:s3:arn'])
  const scenario = {
    title: `${view.service}:${view.operation ?? ''} is denied`,
    story: 'Written from a request that was refused.',
    world: {
      accounts: {
        [account]: {
          region: view.region,
          ...principalOf(user, checks),
          ...(key && { keys: { data: { ...policyIn(key, 'resource') } } }),
          ...(bucket !== '' && { buckets: { [bucket]: bucketOf(key, data, view, object) } }),
        },
      },
    },
    steps: [
      {
        says: 'the call is denied',
        as: `${account}/${user}`,
        do: `${view.service}:${view.operation ?? ''}`,
        region: view.region,
        with: input({ bucket, object }),
        expect: { code: view.error.code, status: view.status, message: view.error.message, layer },
      },
    ],
  }
  const text = JSON.stringify(scenario)
  return JSON.parse(key ? text.replaceAll(key.resource, '{{key:data}}') : text) as Scenario
}

/** S3 asks KMS for a write before it looks at policies: then only the encryption context tells what was written. */
function placeOf(arn = '') {
  const [, bucket = '', object = ''] = /^arn:aws:s3:::([^/]+)\/?(.*)$/.exec(arn) ?? []
  return { bucket, object }
}

const bucketOf = (key: Explanation | undefined, data: Explanation | undefined, view: DecisionView, object: string) => ({
  ...(key && { key: 'data' }),
  ...(data && policyIn(data, 'resource')),
  objects: objectsOf(view, object),
})

const objectsOf = ({ operation }: DecisionView, object: string) =>
  operation === 'PutObject' ? {} : { [object]: 'not the real contents' }

/** What each operation is called with: no contents of the real call. */
const INPUTS: Readonly<Record<string, (place: { bucket: string; object: string }) => object>> = {
  's3:GetObject': ({ bucket, object }) => ({ Bucket: bucket, Key: object || 'object' }),
  's3:PutObject': ({ bucket, object }) => ({ Bucket: bucket, Key: object || 'object' }),
  'kms:Encrypt': () => ({ KeyId: '{{key:data}}', Plaintext: { text: 'not the real contents' } }),
  'kms:GenerateDataKey': () => ({ KeyId: '{{key:data}}', KeySpec: 'AES_256' }),
  'kms:DescribeKey': () => ({ KeyId: '{{key:data}}' }),
}

const layersOf = (check: Explanation, layer: string): readonly LayerView[] =>
  check.layers.filter((each) => each.layer === layer)

const policyIn = (check: Explanation, layer: string) => {
  const [policy] = layersOf(check, layer).flatMap(({ policies }) => policies)
  return policy && { policy: JSON.parse(policy.document) as object }
}

/** The user with all its policies as its own, those of its groups as well. */
function principalOf(user: string, checks: readonly Explanation[]) {
  const all = (layer: string) => checks.flatMap((check) => layersOf(check, layer)).flatMap(({ policies }) => policies)
  const policies = Object.fromEntries(
    all('identity').map(({ name, document }) => [name, JSON.parse(document) as object]),
  )
  const [boundary] = all('boundary')
  return {
    ...(boundary && { policies: { Boundary: JSON.parse(boundary.document) as object } }),
    users: { [user]: { policies, ...(boundary && { boundary: 'Boundary' }) } },
  }
}

/** To go on from: it can be played as it is. */
const STARTER: Scenario = {
  title: 'What happened, in a few words',
  story:
    'Who could not do what, and why. Every member is described by the schema that $schema names; your editor shows it.',
  world: {
    accounts: {
      '111111111111': {
        keys: { data: {} },
        users: {
          reader: {
            policies: {
              Read: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }] },
            },
          },
        },
        buckets: { secrets: { key: 'data', objects: { 'report.txt': 'the numbers' } } },
      },
    },
  },
  steps: [
    {
      says: 'what is refused, in AWS’s words',
      as: '111111111111/reader',
      do: 's3:GetObject',
      with: { Bucket: 'secrets', Key: 'report.txt' },
      expect: {
        code: 'AccessDenied',
        status: 403,
        message:
          'User: arn:aws:iam::111111111111:user/reader is not authorized to perform: kms:Decrypt on resource: {{key:data}} because no identity-based policy allows the kms:Decrypt action',
        layer: 'identity',
      },
    },
    {
      says: 'what opens it',
      fix: true,
      as: '111111111111',
      do: 'kms:CreateGrant',
      with: {
        KeyId: '{{key:data}}',
        GranteePrincipal: 'arn:aws:iam::111111111111:user/reader',
        Operations: ['Decrypt'],
      },
      expect: 'allowed',
    },
    {
      says: 'the same call',
      as: '111111111111/reader',
      do: 's3:GetObject',
      with: { Bucket: 'secrets', Key: 'report.txt' },
      expect: 'allowed',
    },
  ],
}

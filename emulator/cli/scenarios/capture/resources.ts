import type { Explanation } from '../../../access/explain.ts'
import type { AccountSpec, KeySpec } from '../../../server/world/world.ts'
import { CliError } from '../../cliError.ts'
import { CANNOT, groupBy, listIn, parsed, policiesIn, tagsIn, textIn, unlessEmpty, type Facts } from './facts.ts'

/** A key that the request asked for, and how the scenario names it. */
export interface KeyPart {
  readonly arn: string
  readonly account: string
  readonly region: string
  readonly name: string
  readonly policy: object
  readonly spec: KeySpec
}

/** A bucket that the request is about. */
export interface BucketPart {
  readonly name: string
  /** Undefined where nothing tells: KMS was asked first. */
  readonly account: string | undefined
  readonly policy: object | undefined
  /** ARN of the key of its objects. */
  readonly key: string | undefined
  readonly bucketKey: boolean
  /** Keys of objects that were there. */
  readonly objects: readonly string[]
}

const KEY = /^arn:aws:kms:([^:]+):(\d{12}):key\/([\w-]+)$/

/** The keys that exist. What was asked of one that does not stays as it was written. */
export function keysOf({ checks }: Facts): KeyPart[] {
  const byArn = groupBy(
    checks.filter(({ resource }) => KEY.test(resource)),
    ({ resource }) => resource,
  )
  return [...byArn].flatMap(([arn, asked], index) => {
    const [check] = asked
    const policy = asked.flatMap((each) => resourcePolicy(each) ?? [])[0]
    if (!check || !policy) return []
    const [, region = '', account = ''] = KEY.exec(arn) ?? []
    const aliases = listIn(check, 'kms:ResourceAliases')
    const origin = textIn(check, 'kms:KeyOrigin')
    if (aliases.some((alias) => alias.startsWith('alias/aws/')))
      throw new CliError(
        `${CANNOT}: ${arn} is a key that AWS manages, and those are made by the service that needs them`,
      )
    if (origin !== undefined && origin !== 'AWS_KMS')
      throw new CliError(`${CANNOT}: the material of ${arn} was imported or is kept elsewhere (${origin})`)
    return [
      {
        arn,
        account,
        region,
        name: index === 0 ? 'data' : `data-${String(index + 1)}`,
        policy,
        spec: specOf(check, asked),
      },
    ]
  })
}

function specOf(check: Explanation, asked: readonly Explanation[]): KeySpec {
  const spec = textIn(check, 'kms:KeySpec')
  const usage = textIn(check, 'kms:KeyUsage')
  const alias = textIn(check, 'kms:RequestAlias') ?? listIn(check, 'kms:ResourceAliases')[0]
  const grants = asked.flatMap(({ principal, layers }) =>
    layers
      .flatMap((layer) => layer.grants)
      .filter(({ because }) => because !== 'not-the-grantee')
      .map(({ id, operations, constraints }): [string, NonNullable<KeySpec['grants']>[number]] => [
        id,
        {
          grantee: principal.named ?? principal.name,
          operations,
          ...(constraints?.equals && { encryptionContextEquals: constraints.equals }),
          ...(constraints?.subset && { encryptionContextSubset: constraints.subset }),
        },
      ]),
  )
  return {
    ...(alias !== undefined && { alias }),
    ...(spec !== undefined && spec !== 'SYMMETRIC_DEFAULT' && { spec, ...(usage !== undefined && { usage }) }),
    ...(textIn(check, 'kms:MultiRegion') === 'true' && { multiRegion: true }),
    ...unlessEmpty('tags', tagsIn(check, 'aws:ResourceTag/')),
    ...(grants.length > 0 && { grants: [...new Map(grants).values()] }),
  }
}

function resourcePolicy({ layers }: Explanation): object | undefined {
  const [policy] = layers.filter(({ layer }) => layer === 'resource').flatMap(({ policies }) => policies)
  return policy && parsed(policy)
}

/** `bucket` and `key` of an S3 ARN. */
export function placeOf(arn: string | undefined): { bucket: string; object: string } | undefined {
  const [, bucket, object = ''] = /^arn:aws:s3:::([^/*]+)\/?(.*)$/s.exec(arn ?? '') ?? []
  return bucket === undefined ? undefined : { bucket, object }
}

/** Actions on objects that need not be there. */
const CREATES = /^s3:(Put|AbortMultipart|ListMultipart|Delete)/
const isMade = (action: string) => action.startsWith('kms:GenerateDataKey')

export function bucketsOf({ checks }: Facts): BucketPart[] {
  const seen = checks.flatMap((check) => {
    const place = placeOf(check.resource) ?? placeOf(check.encryptionContext?.['aws:s3:arn'])
    return place ? [{ check, ...place, isKey: KEY.test(check.resource) }] : []
  })
  return [...groupBy(seen, ({ bucket }) => bucket)].map(([name, asked]) => {
    const data = asked.filter(({ isKey }) => !isKey)
    const keyed = asked.filter(({ isKey }) => isKey)
    // The key of what is there decides; a copy within a bucket may name another for what it writes.
    const key = keyed.find(({ check }) => !isMade(check.action)) ?? keyed[0]
    const there = asked.filter(({ check: { action }, isKey }) => !(isKey ? isMade(action) : CREATES.test(action)))
    return {
      name,
      account: data.flatMap(({ check }) => textIn(check, 'aws:ResourceAccount') ?? [])[0],
      policy: data.flatMap(({ check }) => resourcePolicy(check) ?? [])[0],
      key: key?.check.resource,
      bucketKey: keyed.some(({ object }) => object === ''),
      objects: [...new Set(there.map(({ object }) => object).filter((object) => object !== ''))],
    }
  })
}

/** The VPC endpoint that the request came through; where KMS was asked first, nothing tells more of it than its id. */
export function endpointOf({ view, checks }: Facts): { account: string | undefined; part: AccountSpec } | undefined {
  const id = view.from.endpoint
  if (id === null) return undefined
  const check = checks.find((each) => textIn(each, 'aws:VpceAccount') !== undefined)
  const [policy] = policiesIn(checks, 'endpoint')
  const spec = {
    vpc: (check && textIn(check, 'aws:SourceVpc')) ?? 'vpc-00000000',
    ...(policy && { policy: parsed(policy) }),
  }
  return { account: check && textIn(check, 'aws:VpceAccount'), part: { vpcEndpoints: { [id]: spec } } }
}

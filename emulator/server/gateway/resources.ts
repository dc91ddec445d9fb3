import { AwsError } from '../../lib/awsError.ts'
import { readStatement } from './partiql.ts'
import { here, isArn, named, objects, record, text, texts, type ArnOf, type Asked, type Said } from './said.ts'

/** How the requests of single services say what they are about, where that is more than a name in a member: what the table (table.ts) refers to. */

export const NOTHING: readonly Asked[] = []

// ---- DynamoDB ----------------------------------------------------------------------------------------------------------

export const tableArn = named('dynamodb', 'table/')

const ofTable = (action: string, table: unknown, said: Said, context?: Asked['context']): readonly Asked[] => {
  const name = text(table)
  return name === undefined ? NOTHING : [{ action, arn: tableArn(name, said), context }]
}

/** Query and Scan of an index are about the index. */
export const read = ({ operation: action, input, ...rest }: Said): readonly Asked[] => {
  const said = { operation: action, input, ...rest }
  const index = text(input['IndexName'])
  const table = text(input['TableName'])
  if (table === undefined || index === undefined) return ofTable(action, table, said)
  return [{ action, arn: `${tableArn(table, said)}/index/${index}` }]
}

/** BatchGetItem and BatchWriteItem name their tables as keys. */
export const batch = (said: Said) =>
  Object.keys(record(said.input['RequestItems']) ?? {}).flatMap((table) => ofTable(said.operation, table, said))

const IN_TRANSACTION: Readonly<Record<string, string>> = {
  Get: 'GetItem',
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
}

export const transaction = (said: Said) =>
  objects(said.input['TransactItems']).flatMap((item) =>
    Object.entries(item).flatMap(([kind, inner]) => {
      const action = Object.hasOwn(IN_TRANSACTION, kind) ? IN_TRANSACTION[kind] : undefined
      const context = { 'dynamodb:EnclosingOperation': said.operation }
      return action === undefined ? [] : ofTable(action, record(inner)?.['TableName'], said, context)
    }),
  )

export const partiQl =
  (list: string | undefined) =>
  (said: Said): readonly Asked[] =>
    (list === undefined ? [said.input] : objects(said.input[list])).flatMap(({ Statement: statement }) => {
      const { action, table, index } = readStatement(text(statement) ?? '')
      const arn = tableArn(table, said)
      return [{ action, arn: index === undefined ? arn : `${arn}/index/${index}` }]
    })

// ---- SQS and SNS -------------------------------------------------------------------------------------------------------

/** `http://…/<account>/<queue>`; ElasticMQ and LocalStack also write `…/queue/<Region>/…`. Nothing else, so that all read it alike. */
const QUEUE_URL =
  /^https?:\/\/[^/?#\s]+\/(?:queue\/)?(?:[a-z]{2}(?:-[a-z]+)+-\d\/)?(?:(\d{12})\/)?([\w-]{1,80}(?:\.fifo)?)$/

export const queueArn: ArnOf = (value, said) => {
  if (/^[\w-]{1,80}(?:\.fifo)?$/.test(value)) return here(said, 'sqs', value)
  const [, account, name = ''] = QUEUE_URL.exec(value) ?? []
  if (name === '') throw new AwsError('InvalidAddress', 404, `The address ${value} is not valid for this endpoint.`)
  return here(account === undefined ? said : { ...said, account }, 'sqs', name)
}

export const queueName: ArnOf = (value, said) => {
  const owner = text(said.input['QueueOwnerAWSAccountId'])
  return here(owner === undefined ? said : { ...said, account: owner }, 'sqs', value)
}

/** A subscription belongs to its topic: `arn:aws:sns:…:topic:uuid`. */
export const topicOfSubscription: ArnOf = (value) => value.split(':').slice(0, 6).join(':')

// ---- Lambda ------------------------------------------------------------------------------------------------------------

const FUNCTION =
  /^(?:(arn:[\w-]+:lambda:[\w-]+:\d{12}):function:|(\d{12}):function:|function:)?([\w-]+)(?::([\w$-]+))?$/

/** A name, a partial or whole ARN, each perhaps with a version or alias; Qualifier says it elsewhere. */
export const functionArn: ArnOf = (value, said) => {
  const [, whole, account = said.account, name, suffix] = FUNCTION.exec(value) ?? []
  if (name === undefined) return isArn(value) ? value : here(said, 'lambda', `function:${value}`)
  const qualifier = text(said.input['Qualifier']) ?? suffix
  const arn =
    whole === undefined ? here({ ...said, account }, 'lambda', `function:${name}`) : `${whole}:function:${name}`
  return qualifier === undefined ? arn : `${arn}:${qualifier}`
}

export const layerArn: ArnOf = (value, said) => {
  const arn = isArn(value) ? value : here(said, 'lambda', `layer:${value}`)
  const version = said.input['VersionNumber']
  return typeof version === 'string' || typeof version === 'number' ? `${arn}:${String(version)}` : arn
}

/** Who gives a service a role to work in must be allowed to (IAM user guide, "Granting a user permissions to pass a role"). */
export const passing =
  (member: string, service: string) =>
  ({ input }: Said): readonly Asked[] => {
    const role = text(input[member])
    if (role === undefined || !isArn(role)) return NOTHING
    return [{ action: 'iam:PassRole', arn: role, context: { 'iam:PassedToService': service } }]
  }

// ---- Secrets Manager and Systems Manager ---------------------------------------------------------------------------------

/** The six characters at the end of a secret's ARN are not known where the secret is not, or not yet. */
export const secretArn: ArnOf = (value, said) =>
  isArn(value) ? value : here(said, 'secretsmanager', `secret:${value}-??????`)

export const secret = (action: string, value: unknown, said: Said): readonly Asked[] => {
  const id = text(value)
  return id === undefined ? NOTHING : [{ action, arn: secretArn(id, said), named: id }]
}

/** `/app/db` is `parameter/app/db`; a version or label behind a colon does not count. */
const parameterArn: ArnOf = (value, said) => {
  if (isArn(value)) return value.split(':').slice(0, 6).join(':')
  const [name = ''] = value.split(':')
  return here(said, 'ssm', `parameter${name.startsWith('/') ? '' : '/'}${name}`)
}

export const parameters =
  (member: string) =>
  (said: Said): readonly Asked[] =>
    texts(said.input[member]).map((name) => ({ action: said.operation, arn: parameterArn(name, said) }))

export const parameter = parameters('Name')
const TAGGED: Readonly<Record<string, string>> = {
  Parameter: 'parameter',
  Document: 'document',
  MaintenanceWindow: 'maintenancewindow',
}

export const taggedInSsm = (said: Said): readonly Asked[] => {
  const id = text(said.input['ResourceId']) ?? ''
  const type = text(said.input['ResourceType']) ?? ''
  if (type === 'Parameter') return [{ action: said.operation, arn: parameterArn(id, said) }]
  return [{ action: said.operation, arn: here(said, 'ssm', `${TAGGED[type] ?? type.toLowerCase()}/${id}`) }]
}

// ---- Others ------------------------------------------------------------------------------------------------------------

const bus: ArnOf = named('events', 'event-bus/')

export const rule: ArnOf = (value, said) => {
  const of = text(said.input['EventBusName'])
  const busName = of === undefined || of === 'default' ? '' : `${isArn(of) ? (of.split('/').at(-1) ?? '') : of}/`
  return isArn(value) ? value : here(said, 'events', `rule/${busName}${value}`)
}

export const putEvents = (said: Said): readonly Asked[] =>
  objects(said.input['Entries']).map(({ EventBusName: name }) => ({
    action: 'PutEvents',
    arn: bus(text(name) ?? 'default', said),
  }))

export const logGroup: ArnOf = (value, said) => {
  const arn = isArn(value) ? value : here(said, 'logs', `log-group:${value}`)
  const stream = text(said.input['logStreamName'])
  return stream === undefined ? `${arn.replace(/:\*$/, '')}:*` : `${arn.replace(/:\*$/, '')}:log-stream:${stream}`
}

/** Where the zone's id may be given as `/hostedzone/Z1`. */
export function hostedZone(value: string): string {
  return `arn:aws:route53:::${value.startsWith('/') ? value.slice(1) : `hostedzone/${value}`}`
}

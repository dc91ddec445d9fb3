import { Buffer } from 'node:buffer'
import { Readable } from 'node:stream'
import * as ebsClient from '@aws-sdk/client-ebs'
import * as ec2Client from '@aws-sdk/client-ec2'
import * as iamClient from '@aws-sdk/client-iam'
import * as kmsClient from '@aws-sdk/client-kms'
import * as organizationsClient from '@aws-sdk/client-organizations'
import * as s3Client from '@aws-sdk/client-s3'
import * as stsClient from '@aws-sdk/client-sts'
import type { Protocol, WireRequest, WireResponse } from '../../emulator/wire/protocol.ts'
import { awsJson } from '../../emulator/wire/awsJson.ts'
import { awsQuery } from '../../emulator/wire/awsQuery.ts'
import { ec2Query } from '../../emulator/wire/ec2Query.ts'
import { restJson } from '../../emulator/wire/restJson.ts'
import { restXml } from '../../emulator/wire/restXml.ts'
import { loadModel, type OperationModel, type ServiceModel } from '../../emulator/wire/schema.ts'

/** What the official clients hand to their transport. */
interface SentRequest {
  readonly method: string
  readonly path: string
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | undefined
}

export type Server = (request: WireRequest) => WireResponse

/** A transport for official clients that asks a function instead of the network. */
export function transport(server: Server) {
  return {
    handle: (sent: SentRequest) => Promise.resolve({ response: responseOf(server(wireRequest(sent))) }),
    destroy: () => undefined,
  }
}

function wireRequest(sent: SentRequest): WireRequest {
  const pairs = Object.entries(sent.query ?? {}).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as string[]) : [value as string | null]).map((one) =>
      one === null ? encodeURIComponent(name) : `${encodeURIComponent(name)}=${encodeURIComponent(one)}`,
    ),
  )
  const headers = Object.entries(sent.headers).map(([name, value]) => [name.toLowerCase(), value] as const)
  return {
    method: sent.method,
    path: sent.path,
    query: pairs.join('&'),
    headers: Object.fromEntries(headers),
    // The JSON codec's bytes warn when they are asked for their value, so they are copied byte by byte.
    body: sent.body instanceof Uint8Array ? Buffer.concat([sent.body]) : Buffer.from(sent.body ?? ''),
  }
}

function responseOf(answer: WireResponse) {
  const { body } = answer
  const stream =
    typeof body === 'string' || Buffer.isBuffer(body) ? Readable.from([Buffer.from(body)]) : Readable.from(body)
  return { statusCode: answer.status, headers: { ...answer.headers }, body: stream }
}

/** A client's `send`, as far as tests need it. */
interface Client {
  send(command: never): Promise<object>
}
type CommandClass = new (input: object) => never

export interface Service {
  readonly protocol: Protocol
  readonly model: ServiceModel
  operation(name: string): OperationModel
  /** Sends a command with the official client; `server` answers. */
  send(operation: string, input: object, server: Server): Promise<Record<string, unknown>>
}

function service(protocol: Protocol, model: ServiceModel, module: object, clientName: string): Service {
  const exported = module as Readonly<Record<string, unknown>>
  const ClientClass = exported[clientName] as new (config: object) => Client
  return {
    protocol,
    model,
    operation(name) {
      const operation = model.operations.get(name)
      if (!operation) throw new Error(`no operation ${name}`)
      return operation
    },
    async send(operation, input, server) {
      const client = new ClientClass({
        region: 'us-east-1',
        endpoint: 'http://localhost:4566',
        credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
        forcePathStyle: true,
        maxAttempts: 1,
        requestHandler: transport(server),
      })
      const Command = exported[`${operation}Command`] as CommandClass
      return (await client.send(new Command(input))) as Record<string, unknown>
    },
  }
}

export const kms = service(
  awsJson,
  loadModel({ namespace: 'com.amazonaws.kms', version: '2014-11-01', target: 'TrentService' }, kmsClient),
  kmsClient,
  'KMSClient',
)
export const organizations = service(
  awsJson,
  loadModel(
    { namespace: 'com.amazonaws.organizations', version: '2016-11-28', target: 'AWSOrganizationsV20161128' },
    organizationsClient,
  ),
  organizationsClient,
  'OrganizationsClient',
)
export const iam = service(
  awsQuery,
  loadModel(
    { namespace: 'com.amazonaws.iam', version: '2010-05-08', xmlns: 'https://iam.amazonaws.com/doc/2010-05-08/' },
    iamClient,
  ),
  iamClient,
  'IAMClient',
)
export const sts = service(
  awsQuery,
  loadModel(
    { namespace: 'com.amazonaws.sts', version: '2011-06-15', xmlns: 'https://sts.amazonaws.com/doc/2011-06-15/' },
    stsClient,
  ),
  stsClient,
  'STSClient',
)
export const ec2 = service(
  ec2Query,
  loadModel(
    { namespace: 'com.amazonaws.ec2', version: '2016-11-15', xmlns: 'http://ec2.amazonaws.com/doc/2016-11-15/' },
    ec2Client,
  ),
  ec2Client,
  'EC2Client',
)
export const ebs = service(
  restJson,
  loadModel(
    { namespace: 'com.amazonaws.ebs', version: '2019-11-02', errorOrigin: 'http://example.com/ebs/' },
    ebsClient,
  ),
  ebsClient,
  'EBSClient',
)
export const s3 = service(
  restXml,
  loadModel(
    { namespace: 'com.amazonaws.s3', version: '2006-03-01', xmlns: 'http://s3.amazonaws.com/doc/2006-03-01/' },
    s3Client,
  ),
  s3Client,
  'S3Client',
)

/** What the pipeline would tell the protocol about a request. */
export const answering = (request?: WireRequest, requestId = 'b25f48e8-84fd-11e6-80d9-574e0c4664cb') => ({
  requestId,
  method: request?.method ?? 'POST',
  path: request?.path ?? '/',
})

/** A request that no client made. */
export const request = (
  fields: Partial<Omit<WireRequest, 'body'>> & { readonly body?: string | Buffer },
): WireRequest => ({
  method: 'POST',
  path: '/',
  query: '',
  headers: {},
  ...fields,
  body: Buffer.from(fields.body ?? ''),
})

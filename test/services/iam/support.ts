import { IAMClient } from '@aws-sdk/client-iam'
import type { Principal } from '../../../emulator/access/types.ts'
import { AwsError } from '../../../emulator/lib/awsError.ts'
import { createClock, type Clock } from '../../../emulator/lib/clock.ts'
import { createIds } from '../../../emulator/lib/ids.ts'
import { rootArn } from '../../../emulator/lib/arn.ts'
import type { Caller, Directory, Environment } from '../../../emulator/operation/call.ts'
import { callFor, perform } from '../../../emulator/operation/perform.ts'
import { createRegistry } from '../../../emulator/operation/registry.ts'
import type { Trace } from '../../../emulator/operation/trace.ts'
import { createIamDirectory, type IamDirectory } from '../../../emulator/services/iam/directory.ts'
import { iamService } from '../../../emulator/services/iam/index.ts'
import type { IamState } from '../../../emulator/services/iam/state.ts'
import { openStore } from '../../../emulator/state/openStore.ts'
import type { Store } from '../../../emulator/state/store.ts'
import { awsQuery } from '../../../emulator/wire/awsQuery.ts'
import type { WireResponse } from '../../../emulator/wire/protocol.ts'

export const ACCOUNT = '111111111111'
export const OTHER_ACCOUNT = '222222222222'

/** IAM alone, in this process: wire decoding, validation, authorization and handlers, without signatures and the other services. */
export interface TestIam {
  readonly directory: IamDirectory
  readonly state: IamState
  readonly store: Store
  readonly clock: Clock
  /** A real AWS client that calls as the root of ACCOUNT, or as whom it is given. */
  as(principal?: Principal): IAMClient
  /** The user as a caller; it must exist. */
  user(name: string): Principal
  /** A session of a role; it must exist. */
  session(roleName: string, sessionName: string): Principal
  /** What the latest call left behind. */
  latest(): Trace
  /** Sends parameters as they stand, and gives status and body. */
  raw(params: Record<string, string>, principal?: Principal): Promise<{ status: number; body: string }>
}

export const rootOf = (account: string): Principal => ({
  kind: 'root',
  account,
  arn: rootArn(account),
  userId: account,
})

const START = Date.parse('2026-09-12T06:21:24.700Z')

export async function testIam(): Promise<TestIam> {
  const store = await openStore({ dir: ':memory:', fsync: false, log: () => undefined })
  const registry = createRegistry([iamService], store)
  const state = registry.require('iam').state as IamState
  const directory = createIamDirectory(state)
  let time = START
  const clock = createClock(0, () => time++)
  const env: Environment = {
    clock,
    ids: createIds('iam tests'),
    store,
    blobs: undefined as never,
    directory: {
      ...directory,
      organization: () => undefined,
      linkedRoleUsage: () => undefined,
      lookup: () => ({ found: false, problem: 'unknown-key' }),
    } as unknown as Directory,
    xksEndpoints: new Map(),
    enforcement: 'strict',
    nitroRoots: [],
    asyncDelay: 0,
    goOn: () => Promise.reject(new Error('IAM does nothing after its answer')),
    announce: () => undefined,
    trail: { newest: () => [], listen: () => undefined },
    callService: () => Promise.reject(new Error('nobody is called here')),
    log: () => undefined,
  }
  let latest: Trace | undefined

  async function answer(body: string, principal: Principal): Promise<WireResponse> {
    const service = registry.require('iam')
    const model = await service.model()
    const request = { method: 'POST', path: '/', query: '', headers: {}, body: Buffer.from(body) }
    const answering = { requestId: env.ids.uuid(), method: 'POST', path: '/' }
    try {
      const operation = awsQuery.operationOf(request, model)
      const operationModel = operation === undefined ? undefined : model.operations.get(operation)
      const row = operation === undefined ? undefined : service.row(operation)
      if (operation === undefined || !operationModel || !row) throw new AwsError('InvalidAction', 400, '')
      const input = awsQuery.decode(request, operationModel)
      const fault = service.validator(operationModel)(input)
      if (fault) throw fault
      const caller: Caller = {
        principal,
        accessKeyId: undefined,
        policies: () => directory.policiesOf(principal, undefined),
      }
      const call = callFor(
        service,
        operation,
        row,
        {
          requestId: answering.requestId,
          region: 'us-east-1',
          account: 'account' in principal ? principal.account : '',
          caller,
          time: clock.now(),
          http: {
            method: 'POST',
            path: '/',
            query: '',
            headers: {},
            sourceIp: '127.0.0.1',
            userAgent: 'test',
            secure: true,
          },
          env,
        },
        registry,
      )
      latest = call.trace
      return awsQuery.encode(await perform(service, row, input, call), operationModel, answering)
    } catch (error) {
      if (!(error instanceof AwsError)) throw error
      return awsQuery.fail(error, model, answering)
    }
  }

  const requestHandler = (principal: Principal) => ({
    metadata: { handlerProtocol: 'http/1.1' },
    destroy: () => undefined,
    async handle(request: { body?: unknown }) {
      const { status, headers, body } = await answer(String(request.body), principal)
      return { response: { statusCode: status, headers, body: Buffer.from(body as Buffer | string) } }
    },
  })

  return {
    directory,
    state,
    store,
    clock,
    as: (principal = rootOf(ACCOUNT)) =>
      new IAMClient({
        region: 'us-east-1',
        endpoint: 'http://localhost',
        credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
        maxAttempts: 1,
        requestHandler: requestHandler(principal) as never,
      }),
    user(name) {
      const user = directory.userPrincipal(ACCOUNT, name)
      if (!user) throw new Error(`no user ${name}`)
      return user
    },
    session(roleName, sessionName) {
      const record = state.roles.in(ACCOUNT).get(roleName.toLowerCase())
      if (!record) throw new Error(`no role ${roleName}`)
      return {
        kind: 'role',
        account: ACCOUNT,
        arn: `arn:aws:sts::${ACCOUNT}:assumed-role/${record.name}/${sessionName}`,
        roleArn: record.arn,
        roleId: record.id,
        roleName: record.name,
        sessionName,
        userId: `${record.id}:${sessionName}`,
        tags: record.tags,
        session: { issuedAt: START, mfa: false },
        serviceLinked: false,
      }
    },
    latest() {
      if (!latest) throw new Error('nothing was called')
      return latest
    },
    async raw(params, principal = rootOf(ACCOUNT)) {
      const { status, body } = await answer(
        new URLSearchParams({ Version: '2010-05-08', ...params }).toString(),
        principal,
      )
      return { status, body: Buffer.from(body as Buffer | string).toString() }
    },
  }
}

/** What an AWS client makes of a refusal: `404 NoSuchEntity: The user with name x cannot be found.` */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call
  } catch (error) {
    const { message, $metadata, Code, name } = error as Error & {
      $metadata?: { httpStatusCode?: number }
      Code?: string
    }
    return `${String($metadata?.httpStatusCode)} ${Code ?? name}: ${message}`
  }
  return 'no refusal'
}

/** An identity policy that allows these actions on this resource. */
export const allow = (
  action: string | readonly string[],
  resource: string | readonly string[] = '*',
  more: object = {},
) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: action, Resource: resource, ...more }],
  })

/** A trust policy for these AWS principals. */
export const trust = (principal: string | readonly string[]) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: principal }, Action: 'sts:AssumeRole' }],
  })

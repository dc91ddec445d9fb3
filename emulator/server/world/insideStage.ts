import { AwsError } from '../../lib/awsError.ts'
import type { Caller } from '../../operation/call.ts'
import type { Emulator } from '../app.ts'
import { callInside, rootCaller } from '../inside.ts'
import { ANONYMOUS } from '../steps/receive.ts'
import { buildWorld } from './build.ts'
import type { Actor } from './scenario.ts'
import type { Stage } from './stage.ts'
import { WorldError } from './world.ts'

/** An emulator in this process, through its services' own rows. */
export function insideStage(emulator: Emulator): Stage {
  const { clock, decisions } = emulator
  return {
    build: (world) => buildWorld(emulator, world),
    async perform({ as, through, ...call }) {
      const caller = await callerOf(emulator, as)
      const requestId = emulator.env.ids.uuid()
      try {
        const { service, region } = call
        const endpoint =
          through === undefined
            ? undefined
            : emulator.core.endpoints.admit({ id: through, region, service, prefix: '' }, service)
        return await callInside(emulator, { ...call, caller, requestId, endpoint })
      } catch (error) {
        if (!(error instanceof AwsError)) throw error
        return { requestId, refusal: { code: error.code, status: error.status, message: error.text } }
      }
    },
    decision: (requestId) => Promise.resolve(decisions.get(requestId)),
    moveClock(milliseconds) {
      clock.setOffset(clock.offset + milliseconds)
      return Promise.resolve()
    },
  }
}

async function callerOf(emulator: Emulator, as: Actor): Promise<Caller> {
  if (typeof as !== 'string') return sessionOf(emulator, as)
  if (as === 'anonymous') return ANONYMOUS
  const [account = '', user] = as.split('/')
  if (user === undefined) return rootCaller(emulator, account)
  const id = `AKIA${Buffer.from(as).toString('hex').toUpperCase().padEnd(16, '0').slice(-16)}`
  emulator.env.directory.adoptAccessKey(account, user, { id, secret: 'scenario' })
  return credential(emulator, id, undefined)
}

async function sessionOf(emulator: Emulator, as: Exclude<Actor, string>): Promise<Caller> {
  const { output } = await callInside(emulator, {
    caller: await callerOf(emulator, as.by),
    region: 'us-east-1',
    service: 'sts',
    operation: 'AssumeRole',
    input: {
      RoleArn: as.role,
      RoleSessionName: as.session ?? 'scenario',
      ...(as.policy && { Policy: JSON.stringify(as.policy) }),
    },
  })
  const { Credentials } = output as { Credentials: { AccessKeyId: string; SessionToken: string } }
  return credential(emulator, Credentials.AccessKeyId, Credentials.SessionToken)
}

function credential(emulator: Emulator, accessKeyId: string, token: string | undefined): Caller {
  const found = emulator.env.directory.lookup(accessKeyId, token, emulator.clock.now())
  if (!found.found) throw new WorldError(`the credentials of a scenario's actor are not known: ${found.problem}`)
  return found.caller
}

import { NodeHttpHandler } from '@smithy/node-http-handler'
import { inProcessAgents, type Connect } from './agents.ts'
import type { Credentials, SdkPlugin, SdkRequestHandler } from './types.ts'

/** The SDK's own HTTP handler, over connections within the process: streams, aborts and timeouts are what they always are. */
export const requestHandler = (connect: Connect): SdkRequestHandler => new NodeHttpHandler(inProcessAgents(connect))

interface Settled {
  readonly requestHandler: SdkRequestHandler
  readonly credentials: Credentials
  readonly region: string
}

/** Leads a client that exists already elsewhere. Throws TypeError when it is none of AWS's SDK for JavaScript v3. */
export function attach<C extends object>(client: C, { requestHandler, credentials, region }: Settled): C {
  const { config } = client as { readonly config?: Record<string, unknown> }
  if (typeof config !== 'object' || !('requestHandler' in config))
    throw new TypeError("attach takes a client of AWS's SDK for JavaScript v3, such as an S3Client")
  // The client's settings are resolved by now: what may be given plainly to a constructor is a function here.
  config['requestHandler'] = requestHandler
  config['credentials'] = () => Promise.resolve(credentials)
  config['region'] = () => Promise.resolve(region)
  // It asks for the Region that the client was made with, and fails where there was none.
  const { useFipsEndpoint: fips } = config
  if (typeof fips === 'function')
    config['useFipsEndpoint'] = () => (fips as () => Promise<boolean>)().catch(() => false)
  return client
}

interface MiddlewareStack {
  add(middleware: unknown, options: object): void
}

interface Context {
  readonly __smithy_context?: { readonly abortSignal?: AbortSignal }
}

/** A middleware in the place nearest to the network, which it takes. */
export const sdkPlugin = (handler: SdkRequestHandler): SdkPlugin => ({
  applyToStack(stack: MiddlewareStack) {
    const transport = (_network: unknown, context: Context) => async (args: { readonly request: never }) => {
      const abortSignal = context.__smithy_context?.abortSignal
      return handler.handle(args.request, { ...(abortSignal && { abortSignal }) })
    }
    stack.add(transport, { name: 'twokeyTransport', step: 'deserialize', priority: 'low', override: true })
  },
})

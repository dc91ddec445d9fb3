import { principalContext } from '../../../access/context.ts'
import type { Environment } from '../../../operation/call.ts'
import { secretNotHere } from '../errors.ts'
import type { KeyRecord, KmsCall, KmsState } from '../state.ts'
import type { Proxy, RequestMetadata } from '../xks/proxy.ts'
import { keyStorePath, type ExternalKeyStore } from './state.ts'

/** The proxy of an external key store, as KMS reaches it. */
export function proxyOf(store: ExternalKeyStore, state: KmsState, env: Environment): Proxy {
  const secret = state.keyStoreSecrets.in().get(keyStorePath(store))?.secret
  // Exports leave secrets out unless asked for by name: such a state has key stores that cannot be used.
  if (secret === undefined) throw secretNotHere(`The proxy credential of ${store.id}`)
  return proxyWith(store, secret, env)
}

/** The same with a secret access key that is not stored yet. */
export function proxyWith({ proxy, region }: ExternalKeyStore, secret: string, env: Environment): Proxy {
  const { endpoint, path, accessKeyId } = proxy
  return {
    address: {
      endpoint,
      target: env.xksEndpoints.get(endpoint.toLowerCase()),
      region,
      credentials: { accessKeyId, secretAccessKey: secret },
      // The proxy goes by the machine's time, however far the emulator's clock was moved.
      now: env.clock.now() - env.clock.offset,
    },
    path,
  }
}

/** What a proxy is told of a call; `key` is left out where there is none yet. */
export function metadataFor(call: KmsCall, key?: KeyRecord): RequestMetadata {
  const { principal } = call.caller
  const arn = principalContext(principal).get('aws:principalarn')
  return {
    awsPrincipalArn: typeof arn === 'string' ? arn : principal.kind === 'service' ? principal.service : 'AWS Internal',
    kmsKeyArn: key?.arn,
    kmsOperation: call.operation,
    kmsRequestId: call.requestId,
    kmsViaService: call.via?.viaService,
  }
}

/** Status requests say less. */
export const statusMetadata = ({ operation, requestId }: KmsCall): RequestMetadata => ({
  kmsOperation: operation,
  kmsRequestId: requestId,
})

import type { BoundService, Registry } from '../../operation/registry.ts'
import type { Settings } from '../settings.ts'
import { createModels, type Models } from './models.ts'
import { createTransport, type Transport } from './transport.ts'

/** Twokey in front of other mock services (docs/gateway.md). */
export interface Gateway {
  readonly models: Models
  readonly transport: Transport
  /** Where requests go to a service that is not here. */
  upstreamOf(service: string): string | undefined
  /** Where requests go that a service of our own has no row for: only where the settings name that service. */
  upstreamOfOwn(service: string): string | undefined
  close(): void
}

/** @returns undefined without an upstream: then nothing is forwarded */
export function createGateway({ upstreams, upstreamTimeout }: Settings, registry: Registry): Gateway | undefined {
  if (!upstreams) return undefined
  const { byService, others } = upstreams
  const transport = createTransport(upstreamTimeout)
  const isOwn = (service: string) => registry.get(service) !== undefined
  return {
    models: createModels(),
    transport,
    upstreamOf: (service) => (isOwn(service) ? undefined : (byService.get(service) ?? others)),
    upstreamOfOwn: (service) => byService.get(service),
    close() {
      transport.close()
    },
  }
}

/** What a forwarded call is bound to: a service without rows and without state, which words its own denials. */
export function elsewhere(name: string, denied: BoundService['definition']['denied']): BoundService {
  const nothing = () => {
    throw new Error(`\`${name}\` is not part of this emulator`)
  }
  return {
    definition: {
      name,
      protocol: 'awsJson',
      wire: { namespace: '', version: '' },
      load: nothing,
      rows: new Map(),
      state: () => undefined,
      denied,
    },
    state: undefined,
    model: nothing,
    row: () => undefined,
    validator: nothing,
  }
}

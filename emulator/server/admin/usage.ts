import { AWS_PRICES, FREE_TIER, type Prices } from '../../audit/prices.ts'
import { usageReport, type UsageReport } from '../../audit/usageReport.ts'
import { pricedKeys } from '../../services/kms/keys/pricing.ts'
import type { KmsState } from '../../services/kms/state.ts'
import type { Emulator } from '../app.ts'
import { AdminError } from './adminError.ts'

const USUAL_LIMIT = 1000

/**
 * What KMS was asked, and what that would cost. `?freeTier=on` takes AWS's free requests off, `?freeTier=<n>` so many a month; prices
 * are given by name (`?requests=0.04`); `?limit=` says how many keys are listed.
 */
export function usageOf(emulator: Emulator, query: URLSearchParams): UsageReport {
  const { state } = emulator.registry.require('kms')
  for (const name of query.keys()) if (!KNOWN.has(name)) throw new AdminError(400, unknown(name))
  return usageReport(emulator.usage, pricedKeys(state as KmsState), {
    until: emulator.clock.now(),
    prices: pricesOf(query),
    freeTier: freeTierOf(query.get('freeTier')),
    limit: wholeNumber('limit', query.get('limit') ?? String(USUAL_LIMIT)),
  })
}

const KNOWN: ReadonlySet<string> = new Set(['freeTier', 'limit', ...Object.keys(AWS_PRICES)])
const unknown = (name: string) => `there is no option \`${name}\`; the options are ${[...KNOWN].join(', ')}`

function freeTierOf(text: string | null): number {
  if (text === null || text === 'off') return 0
  return text === 'on' ? FREE_TIER : wholeNumber('freeTier', text)
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new AdminError(400, `${name} must be a whole number${name === 'freeTier' ? ', `on` or `off`' : ''}`)
}

function pricesOf(query: URLSearchParams): Prices {
  const named = Object.keys(AWS_PRICES).flatMap((name) => {
    const text = query.get(name)
    return text === null ? [] : [[name, price(name, text)] as const]
  })
  return { ...AWS_PRICES, ...Object.fromEntries(named) }
}

function price(name: string, text: string): number {
  if (/^\d{1,9}(?:\.\d{1,9})?$/.test(text)) return Number(text)
  throw new AdminError(400, `the price \`${name}\` must be a number of US dollars, not \`${text}\``)
}

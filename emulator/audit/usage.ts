import type { Listener } from './recorder.ts'

/** How often a KMS operation was called, by whom it was asked for. */
export interface UsageRow {
  /** The account that pays: the caller's (facts: G). */
  readonly account: string
  readonly region: string
  readonly operation: string
  /** The service that called for the caller; `direct` when nobody did. */
  readonly via: string
  readonly requests: number
}

export interface UsageMeter {
  readonly listener: Listener
  rows(): UsageRow[]
  clear(): void
}

/** Counts KMS requests since the start (or the last reset). Memory grows with distinct rows, not with requests. */
export function createUsageMeter(): UsageMeter {
  const counts = new Map<string, number>()
  const add = (...parts: readonly string[]) => {
    const name = parts.join('\n')
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return {
    listener({ caller, region, service, operation, trace }) {
      const { principal } = caller
      const account = 'account' in principal ? principal.account : ''
      if (service === 'kms' && operation !== undefined && trace) add(account, region, operation, 'direct')
      if (trace) for (const call of trace.forwarded) add(account, region, call.operation, service)
    },
    rows() {
      return [...counts].map(([name, requests]) => {
        const [account = '', region = '', operation = '', via = ''] = name.split('\n')
        return { account, region, operation, via, requests }
      })
    },
    clear() {
      counts.clear()
    },
  }
}

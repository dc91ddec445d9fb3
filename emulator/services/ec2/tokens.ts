import { invalidValue, refused } from './errors.ts'
import type { Ec2Call, TokenRecord } from './state.ts'

const LONGEST = 64

/** Throws InvalidParameterValue for a token that is too long. */
export function checkToken(token: string | undefined): void {
  if (token !== undefined && token.length > LONGEST) {
    throw invalidValue(`Client token must be less than or equal to ${LONGEST} characters.`)
  }
}

/**
 * What the same request made before, if it was made before (facts: captures 2.1, "Idempotency token"). Within the transaction that
 * would make it.
 * @param fingerprint what has to be the same
 * @param find the resource, unless it has been deleted
 * Throws IdempotentParameterMismatch.
 */
export function replayed<T>(
  call: Ec2Call,
  token: string | undefined,
  fingerprint: string,
  find: (id: string) => T | undefined,
): T | undefined {
  if (token === undefined || token === '') return undefined
  const record = keptFor(call, token)
  if (!record) return undefined
  if (record.fingerprint !== fingerprint) {
    throw refused(
      'IdempotentParameterMismatch',
      'Parameters on this idempotent request are inconsistent with parameters used in previous request(s).',
    )
  }
  const resource = find(record.resourceId)
  if (resource !== undefined) return resource
  throw refused(
    'IdempotentParameterMismatch',
    `The client token '${token}' is associated with resource '${record.resourceId}' which has already been deleted. Please use a different client token.`,
  )
}

/** What a token was used for before, by the operation that is being done. */
export const keptFor = (call: Ec2Call, token: string | undefined): TokenRecord | undefined =>
  token === undefined ? undefined : call.state.tokens.in(call.account, call.region).get(pathOf(call, token))

/** Remembers what a request made. In the same transaction. */
export function keepToken(call: Ec2Call, token: string | undefined, fingerprint: string, resourceId: string): void {
  if (token === undefined || token === '') return
  call.state.tokens.in(call.account, call.region).put(pathOf(call, token), { fingerprint, resourceId })
}

const pathOf = ({ operation }: Ec2Call, token: string) => `${operation}/${token}`

import { createHmac, timingSafeEqual } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { ContextValue, Decision, Principal } from '../access/types.ts'

const SEAL_BYTES = 32
/** What a message may unfold to: policies are far smaller. */
const MOST_BYTES = 256 * 1024

/**
 * An encoded authorization failure message, as EC2 appends it to its denials: opaque to clients, read by
 * sts:DecodeAuthorizationMessage. Sealed, not secret: the emulator's secret is what makes it ours.
 */
export function encodeAuthorizationMessage(decision: object, secret: Buffer): string {
  const body = deflateRawSync(JSON.stringify(decision))
  return Buffer.concat([seal(secret, body), body]).toString('base64url')
}

/** The JSON text within a message; undefined when it is not ours or was changed. */
export function decodeAuthorizationMessage(message: string, secret: Buffer): string | undefined {
  // Buffer skips what is not base64; AWS refuses it (line breaks).
  if (!/^[\w-]+$/.test(message)) return undefined
  const bytes = Buffer.from(message, 'base64url')
  if (bytes.length <= SEAL_BYTES) return undefined
  const body = bytes.subarray(SEAL_BYTES)
  if (!timingSafeEqual(bytes.subarray(0, SEAL_BYTES), seal(secret, body))) return undefined
  return inflateRawSync(body, { maxOutputLength: MOST_BYTES }).toString()
}

const seal = (secret: Buffer, body: Buffer) => createHmac('sha256', secret).update(body).digest()

const items = <T>(list: readonly T[]) => ({ items: list })
const values = (list: readonly string[]) => items(list.map((value) => ({ value })))
const asList = (value: ContextValue): readonly string[] => (typeof value === 'string' ? [value] : value)

/** A denial as DecodeAuthorizationMessage shows it (AWS: STS API reference, DecodeAuthorizationMessage). */
export function authorizationDetails(decision: Decision): object {
  const { request } = decision
  const conditions = [...new Set(request.context.names())].flatMap((key) => {
    const value = request.context.get(key)
    return value === undefined ? [] : [{ key: request.context.written?.(key) ?? key, values: values(asList(value)) }]
  })
  return {
    allowed: decision.allowed,
    explicitDeny: decision.effect === 'explicit-deny',
    matchedStatements: items(decision.effect === 'explicit-deny' ? matchedStatement(decision) : []),
    failures: items([]),
    context: {
      principal: principalDetails(request.principal),
      action: request.action,
      resource: request.resource,
      conditions: items(conditions),
    },
  }
}

function principalDetails(principal: Principal): object {
  if (principal.kind === 'anonymous') return { id: 'anonymous', arn: '' }
  if (principal.kind === 'service') return { id: principal.service, arn: '' }
  const name = principal.kind === 'user' ? { name: principal.userName } : {}
  return { id: principal.userId, ...name, arn: principal.arn }
}

/** A statement of a policy document, as parsed JSON. */
type Written = Readonly<Record<string, unknown>>

function matchedStatement({ source, statement }: Decision): object[] {
  if (!source || !statement) return []
  // INVARIANT: the text was compiled before it could decide anything, so it parses.
  const { Statement } = JSON.parse(source.text) as { Statement: Written | readonly Written[] }
  const written = (Array.isArray(Statement) ? Statement : [Statement])[statement.index] as Written
  return [
    {
      statementId: statement.sid ?? '',
      effect: statement.effect.toUpperCase(),
      principals: values(principalsOf(written)),
      principalGroups: items([]),
      actions: values(textsOf(written['Action'] ?? written['NotAction'])),
      resources: values(textsOf(written['Resource'] ?? written['NotResource'])),
      conditions: items(conditionsOf(written['Condition'])),
    },
  ]
}

const textsOf = (value: unknown): string[] =>
  value === undefined ? [] : (Array.isArray(value) ? (value as unknown[]) : [value]).map(String)

function principalsOf(written: Written): string[] {
  const principal = written['Principal'] ?? written['NotPrincipal']
  return typeof principal === 'object' && principal !== null
    ? Object.values(principal).flatMap(textsOf)
    : textsOf(principal)
}

function conditionsOf(condition: unknown): object[] {
  return Object.values(objectOr(condition)).flatMap((keys) =>
    Object.entries(objectOr(keys)).map(([key, value]) => ({ key, values: values(textsOf(value)) })),
  )
}

const objectOr = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {})

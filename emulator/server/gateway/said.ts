import { formatArn } from '../../lib/arn.ts'

/** A request to a service that is elsewhere, as far as authorization asks. */
export interface Said {
  /** SigV4 signing name. */
  readonly service: string
  /** The API operation: `SendMessageBatch`. */
  readonly operation: string
  /** Members as the API names them: all of a JSON or query request; of a REST request those of path, query and headers too. */
  readonly input: Readonly<Record<string, unknown>>
  readonly region: string
  /** Of the caller. */
  readonly account: string
}

/** One permission to ask for. */
export interface Asked {
  /** The IAM action without its prefix, or with that of another service (`iam:PassRole`). */
  readonly action: string
  /** An ARN, or `*` where the action is about no resource. */
  readonly arn: string
  /** How a denial names the resource, where AWS repeats what the caller wrote. */
  readonly named?: string | undefined
  /** Condition keys in AWS's spelling. */
  readonly context?: Readonly<Record<string, string | readonly string[]>> | undefined
}

/** Makes the ARN that a member's value means. */
export type ArnOf = (value: string, said: Said) => string

/** What is already an ARN stands for itself. */
export const isArn = (text: string): boolean => /^arn:[\w-]+:[\w-]+:[^:]*:[^:]*:./.test(text)

/** `table/orders` in the caller's account and Region. */
export const here = (said: Said, service: string, resource: string): string =>
  formatArn(service, said.region, said.account, resource)

/** For members that hold a name or an ARN. */
export const named =
  (service: string, prefix: string): ArnOf =>
  (value, said) =>
    isArn(value) ? value : here(said, service, `${prefix}${value}`)

export const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** A list's strings, or the one string. */
export const texts = (value: unknown): string[] =>
  (Array.isArray(value) ? (value as unknown[]) : [value]).flatMap((item) => text(item) ?? [])

export const objects = (value: unknown): Readonly<Record<string, unknown>>[] =>
  (Array.isArray(value) ? (value as unknown[]) : []).flatMap((item) => {
    const object = record(item)
    return object ? [object] : []
  })

export const record = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined

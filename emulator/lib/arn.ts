/** An ARN taken apart: `arn:partition:service:region:account:resource`. */
export interface Arn {
  readonly partition: string
  readonly service: string
  readonly region: string
  readonly account: string
  /** Everything after the fifth colon; may hold colons and slashes. */
  readonly resource: string
}

/** Splits on the first five colons; undefined when there are fewer or it does not begin with `arn`. */
export function parseArn(text: string): Arn | undefined {
  const parts = splitArn(text)
  if (parts?.[0] !== 'arn') return undefined
  const [, partition, service, region, account, resource] = parts
  return { partition, service, region, account, resource }
}

/** The six parts of an ARN or ARN pattern, or undefined when it has fewer than five colons. */
export function splitArn(text: string): [string, string, string, string, string, string] | undefined {
  const cuts: number[] = []
  for (let at = text.indexOf(':'); at >= 0 && cuts.length < 5; at = text.indexOf(':', at + 1)) cuts.push(at)
  const [a, b, c, d, e] = cuts
  if (a === undefined || b === undefined || c === undefined || d === undefined || e === undefined) return undefined
  return [
    text.slice(0, a),
    text.slice(a + 1, b),
    text.slice(b + 1, c),
    text.slice(c + 1, d),
    text.slice(d + 1, e),
    text.slice(e + 1),
  ]
}

export function formatArn(service: string, region: string, account: string, resource: string): string {
  return `arn:aws:${service}:${region}:${account}:${resource}`
}

/** `arn:aws:iam::<account>:root` */
export const rootArn = (account: string): string => `arn:aws:iam::${account}:root`

export const isAccountId = (text: string): boolean => /^\d{12}$/.test(text)

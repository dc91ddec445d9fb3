/** The HTTP status of an answer that is not the model's (206 for a range, 304): a property that no encoder writes. */
const STATUS = '$status'

/** Marks `output` to be answered with `status`; returns it. */
export function withStatus<T extends object>(output: T, status: number): T {
  return Object.defineProperty(output, STATUS, { value: status, enumerable: false, configurable: true })
}

/** The status set by `withStatus`, or the model's. */
export function statusOf(output: object, modelled: number): number {
  const status = (output as { readonly [STATUS]?: unknown })[STATUS]
  return typeof status === 'number' ? status : modelled
}

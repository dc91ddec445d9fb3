/** On whose account a service calls another in its own name: `aws:SourceArn`, `aws:SourceAccount`. */
export interface CallSource {
  readonly arn: string
  readonly account: string
}

/** A call that one service makes of another in its own name, as CloudTrail writes its log files into a bucket. */
export interface ServiceCall {
  /** `cloudtrail.amazonaws.com` */
  readonly principal: string
  readonly source: CallSource
  readonly region: string
  readonly service: string
  readonly operation: string
  readonly input: object
  /** What it says in headers that policies ask for, lower case. */
  readonly headers?: Readonly<Record<string, string>>
  /** The body of operations that stream theirs. */
  readonly body?: Buffer
}

/** Performs it through the same steps as any other call: authorized by the policy of what it is about, and recorded. */
export type CallService = (call: ServiceCall) => Promise<ServiceAnswer>

export type ServiceAnswer =
  | { readonly output: object }
  | {
      readonly error: {
        readonly code: string
        readonly text: string
        readonly headers: Readonly<Record<string, string>>
      }
    }

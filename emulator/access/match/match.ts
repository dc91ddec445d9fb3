/** What every matcher answers: never a bare boolean. Answers are shared constants, so matching allocates nothing. */
export interface Match<Because extends string = string> {
  readonly matches: boolean
  readonly because: Because
}

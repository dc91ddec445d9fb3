/** A mistake or a failure the person at the terminal can do something about: one or more sentences, no stack. */
export class CliError extends Error {
  readonly status: number
  /** @param status the exit status: 1 failed, 2 used wrongly */
  constructor(message: string, status = 1) {
    super(message)
    this.status = status
  }
}

/** A request to the admin door that cannot be served; the message says what to send instead. */
export class AdminError extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** A refusal in AWS's words. The protocol in use decides what it looks like on the wire. */
export class AwsError extends Error {
  /** AWS's code, e.g. `NoSuchKey`, `AccessDeniedException`. */
  readonly code: string
  /** HTTP status. */
  readonly status: number
  /** Extra elements of the error body (S3: BucketName, Key …), in order. */
  readonly fields: Readonly<Record<string, string>>
  /** Extra response headers. */
  readonly headers: Readonly<Record<string, string>>
  /** AWS's text; may be empty, and then the body carries none. */
  readonly text: string
  /** The exception is not part of the service's model: JSON services write its text under `Message`. */
  readonly unmodelled: boolean

  constructor(
    code: string,
    status: number,
    text: string,
    more: {
      readonly fields?: Readonly<Record<string, string>>
      readonly headers?: Readonly<Record<string, string>>
      readonly unmodelled?: boolean
    } = {},
  ) {
    super(text === '' ? code : `${code}: ${text}`)
    this.name = code
    this.code = code
    this.status = status
    this.text = text
    this.fields = more.fields ?? {}
    this.headers = more.headers ?? {}
    this.unmodelled = more.unmodelled ?? false
  }
}

import { AwsError } from '../lib/awsError.ts'

/** The client has gone: nobody reads this, but logs say how the request ended. */
export const requestAborted = () =>
  new AwsError('RequestAbortedException', 400, 'The request was aborted by the client.')

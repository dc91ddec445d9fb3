import { AwsError } from '../../lib/awsError.ts'
import type { Problem } from '../../sigv4/types.ts'
import type { Protocol } from '../../wire/protocol.ts'

/** placeholder, replaced by the full table in the next commit: the code, status and text of each protocol. */
export function signatureError(problem: Problem, protocol: Protocol['name'], _now: number): AwsError {
  void protocol
  return new AwsError('SignatureDoesNotMatch', 403, problem.code)
}

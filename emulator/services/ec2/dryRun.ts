import { AwsError } from '../../lib/awsError.ts'

/**
 * Ends a call that only asks whether it would be allowed. Handlers call it where AWS answers: after authorization, before whatever a
 * real call is checked for besides (facts: captures 1.2, 2.1). Throws 412 DryRunOperation.
 */
export function endDryRun(input: { readonly DryRun?: boolean | undefined }): void {
  if (input.DryRun !== true) return
  throw new AwsError('DryRunOperation', 412, 'Request would have succeeded, but DryRun flag is set.')
}

import type { Check } from '../../../operation/define.ts'
import { invalidArgument } from '../errors.ts'
import type { BucketRecord } from '../state.ts'

const HEADER = 'x-amz-bypass-governance-retention'

/**
 * Those who ask to bypass governance mode must be allowed to, whether or not there is anything to bypass. Throws where nothing can be
 * locked.
 * @param check of the operation; the permission to bypass is asked for on the same object
 */
export function* admitBypass(
  input: { readonly BypassGovernanceRetention?: boolean | undefined },
  bucket: BucketRecord,
  check: Check,
): Generator<Check, void, void> {
  if (input.BypassGovernanceRetention !== true) return
  if (!bucket.objectLock) {
    throw invalidArgument(`${HEADER} is only applicable to Object Lock enabled buckets.`, HEADER)
  }
  yield { ...check, action: 's3:BypassGovernanceRetention' }
}

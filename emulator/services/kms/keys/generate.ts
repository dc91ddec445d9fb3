import { generateMaterial, type MaterialSpec } from '../../../crypto/keyMaterial.ts'
import type { SecretBytes } from '../../../crypto/types.ts'
import { GivenUp, TooManyWaiting } from '../../../lib/turns.ts'
import { requestAborted } from '../../../operation/aborted.ts'
import { throttled } from '../errors.ts'
import type { KmsCall } from '../state.ts'

/**
 * Fresh material for a caller who waits for it; accounts take turns where it takes long. Throws ThrottlingException when the account waits
 * for too many key pairs.
 */
export async function makeMaterial(spec: MaterialSpec, call: KmsCall): Promise<SecretBytes> {
  try {
    return await generateMaterial(spec, { owner: call.account, isWaiting: () => call.client?.destroyed !== true })
  } catch (error) {
    if (error instanceof GivenUp) throw requestAborted()
    throw error instanceof TooManyWaiting ? throttled() : error
  }
}

import { AwsError } from '../../../lib/awsError.ts'
import type { Keys } from '../../../operation/define.ts'
import { defineTask } from '../background.ts'
import { deleteBlobs } from '../blocks/contents.ts'
import { grantToEbs, newDataKey, reSeal, SEAL } from '../keys/dataKeys.ts'
import { ebsContext, RETIRE, retire } from '../keys/service.ts'
import type { Ec2Call, SealedKey, VolumeRecord } from '../state.ts'
import { putVolume, volumeOf } from './find.ts'
import { eraseVolume } from './remove.ts'

export interface VolumeKeys {
  readonly volumeId: string
  /** Undefined for a plain volume. */
  readonly keyId?: string | undefined
  /** The data key of an encrypted snapshot. */
  readonly source?: SealedKey | undefined
  /** The snapshot's key goes on being used, and its data key with it. */
  readonly inherited: boolean
}

export const MAKES = {
  ...SEAL,
  ...RETIRE,
} as const

type KeyedCall = Ec2Call<Keys<typeof MAKES>>

/**
 * Makes a volume that has been promised: asks KMS for what an encrypted one needs, in the caller's name. Where KMS refuses, the volume is
 * gone, without an error state (facts: B7, captures 2.3).
 */
export const makeVolume = defineTask({
  kind: 'makeVolume',
  keyUse: MAKES,
  async run(wanted: VolumeKeys, call: KeyedCall) {
    const { volumeId } = wanted
    if (volumeOf(call, volumeId)?.state !== 'creating') return
    let made: Partial<VolumeRecord>
    try {
      made = wanted.keyId === undefined ? {} : await keysOf(wanted, wanted.keyId, call)
    } catch (error) {
      if (error instanceof AwsError) vanish(volumeId, call)
      throw error
    }
    const kept = call.env.store.transaction(() => {
      const volume = volumeOf(call, volumeId)
      if (volume?.state !== 'creating') return false
      putVolume(call, { ...volume, ...made, state: 'available' })
      return true
    })
    // Deleted while KMS was asked.
    if (!kept && made.grant) await retire(made.grant, call)
  },
})

function vanish(volumeId: string, call: Ec2Call): void {
  const orphans = call.env.store.transaction(() => {
    const volume = volumeOf(call, volumeId)
    if (volume?.state !== 'creating') return []
    return eraseVolume(volume, call)
  })
  deleteBlobs(call, orphans)
}

/** facts: B4, captures 2.4: what is asked for each kind of source, and that each refusal ends it. The order is not recorded. */
export async function keysOf(
  { volumeId, source, inherited }: VolumeKeys,
  keyId: string,
  call: KeyedCall,
): Promise<Pick<VolumeRecord, 'kmsKeyId' | 'dataKey' | 'sourceKey' | 'grant'>> {
  if (source && inherited) {
    const dataKey = await reSeal(source, source.keyArn, volumeId, call)
    return { kmsKeyId: dataKey.keyArn, dataKey, grant: await grantToEbs(dataKey.keyArn, boundTo(volumeId), call) }
  }
  const dataKey = await newDataKey(keyId, volumeId, call)
  const sourceKey = source && (await reSeal(source, dataKey.keyArn, volumeId, call))
  const grant = await grantToEbs(dataKey.keyArn, boundTo(volumeId), call)
  return { kmsKeyId: dataKey.keyArn, dataKey, grant, ...(sourceKey && { sourceKey }) }
}

const boundTo = (volumeId: string) => ({ EncryptionContextSubset: ebsContext(volumeId) })

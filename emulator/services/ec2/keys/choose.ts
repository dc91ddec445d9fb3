import { settingsOf } from '../settings.ts'
import type { Ec2Call, SnapshotRecord } from '../state.ts'

/** The key that EBS uses when none is named; KMS makes it when it is first asked for through EC2. */
export const EBS_MANAGED_KEY = 'alias/aws/ebs'

/** What a request says about encryption. */
export interface EncryptionRequest {
  readonly Encrypted?: boolean | undefined
  readonly KmsKeyId?: string | undefined
}

/** How a new volume or snapshot will be encrypted, before KMS has been asked. */
export type KeyChoice =
  | { readonly encrypted: false }
  | {
      readonly encrypted: true
      /** As KMS takes it: an ARN, an id, an alias. */
      readonly keyId: string
      /** What the answer shows at once: the key that was named, or the snapshot's; nothing for the default (facts: captures 2.3). */
      readonly shown: string | undefined
      /** The source's own key goes on being used, and its data key with it. */
      readonly inherited: boolean
    }

/** The default key of the caller's account in the call's Region: what GetEbsDefaultKmsKeyId answers. */
export const defaultKey = (call: Ec2Call): string => settingsOf(call).defaultKey ?? EBS_MANAGED_KEY

/**
 * Which key, and whether at all (facts: B3).
 * @param source the snapshot it is made from, if any
 * @param inherits whether the source's key is kept when the request names none: own snapshots restored to volumes do, copies never
 */
export function keyFor(
  request: EncryptionRequest,
  source: SnapshotRecord | undefined,
  call: Ec2Call,
  inherits: boolean,
): KeyChoice {
  const { Encrypted, KmsKeyId } = request
  const named = KmsKeyId === '' ? undefined : KmsKeyId
  // Encryption by default outweighs an explicit false (facts: B3; AWS does not say so for that case).
  const encrypted = source?.encrypted === true || Encrypted === true || settingsOf(call).encryptionByDefault === true
  if (!encrypted) return { encrypted: false }
  const own = inherits && source?.encrypted === true && source.account === call.account ? source.kmsKeyId : undefined
  if (named !== undefined) return { encrypted: true, keyId: named, shown: named, inherited: named === own }
  if (own !== undefined) return { encrypted: true, keyId: own, shown: own, inherited: true }
  return { encrypted: true, keyId: defaultKey(call), shown: undefined, inherited: false }
}

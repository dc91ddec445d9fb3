import { auditOf, readAudit } from '../audit.ts'
import { endDryRun } from '../dryRun.ts'
import { mustContain } from '../errors.ts'
import { defaultKey, EBS_MANAGED_KEY } from '../keys/choose.ts'
import { DESCRIBE, requireUsableKey } from '../keys/describe.ts'
import { inRegion } from '../resources.ts'
import { ec2 } from '../service.ts'
import { changeSettings, settingsOf } from '../settings.ts'

/* What an account has chosen for a Region (facts: B3, captures 3.2). */

const getByDefault = ec2.row('GetEbsEncryptionByDefault', {
  action: 'ec2:GetEbsEncryptionByDefault',
  readOnly: true,
  context: inRegion,
  run(input, call) {
    endDryRun(input)
    return { EbsEncryptionByDefault: settingsOf(call).encryptionByDefault ?? false }
  },
  audit: readAudit,
})

const enableByDefault = ec2.row('EnableEbsEncryptionByDefault', {
  action: 'ec2:EnableEbsEncryptionByDefault',
  context: inRegion,
  run(input, call) {
    endDryRun(input)
    changeSettings(call, { encryptionByDefault: true })
    return { EbsEncryptionByDefault: true }
  },
  audit: auditOf,
})

const disableByDefault = ec2.row('DisableEbsEncryptionByDefault', {
  action: 'ec2:DisableEbsEncryptionByDefault',
  context: inRegion,
  run(input, call) {
    endDryRun(input)
    changeSettings(call, { encryptionByDefault: false })
    return { EbsEncryptionByDefault: false }
  },
  audit: auditOf,
})

const getDefaultKey = ec2.row('GetEbsDefaultKmsKeyId', {
  action: 'ec2:GetEbsDefaultKmsKeyId',
  readOnly: true,
  context: inRegion,
  run(input, call) {
    endDryRun(input)
    return { KmsKeyId: defaultKey(call) }
  },
  audit: readAudit,
})

const modifyDefaultKey = ec2.row('ModifyEbsDefaultKmsKeyId', {
  action: 'ec2:ModifyEbsDefaultKmsKeyId',
  context: inRegion,
  keyUse: DESCRIBE,
  async run(input, call) {
    endDryRun(input)
    const { KmsKeyId } = input
    if (KmsKeyId === undefined || KmsKeyId === '') throw mustContain('KmsKeyId')
    const { arn } = await requireUsableKey(KmsKeyId, call)
    changeSettings(call, { defaultKey: arn })
    return { KmsKeyId: arn }
  },
  audit: auditOf,
})

const resetDefaultKey = ec2.row('ResetEbsDefaultKmsKeyId', {
  action: 'ec2:ResetEbsDefaultKmsKeyId',
  context: inRegion,
  run(input, call) {
    endDryRun(input)
    changeSettings(call, { defaultKey: undefined })
    return { KmsKeyId: EBS_MANAGED_KEY }
  },
  audit: auditOf,
})

export const encryptionDefaultRows = [
  getByDefault,
  enableByDefault,
  disableByDefault,
  getDefaultKey,
  modifyDefaultKey,
  resetDefaultKey,
]

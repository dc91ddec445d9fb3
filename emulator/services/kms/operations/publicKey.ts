import { publicKeyOf } from '../../../crypto/keyMaterial.ts'
import { notForThisKey } from '../errors.ts'
import { specFacts, usageFacts } from '../keySpecs.ts'
import { currentMaterial } from '../keys/material.ts'
import { usable } from '../keys/use.ts'
import { kms } from '../service.ts'
import { granted, onNamedKey } from './cryptoCalls.ts'
import { keyAudit } from './onKey.ts'

const getPublicKey = kms.row('GetPublicKey', {
  ...onNamedKey,
  action: 'kms:GetPublicKey',
  context: (_input, _call, { alias }) => ({ 'kms:RequestAlias': alias }),
  grant: () => granted('GetPublicKey'),
  run(_input, call, target) {
    const key = usable(target, 'GetPublicKey')
    if (specFacts(key).symmetric) throw notForThisKey()
    return {
      KeyId: key.arn,
      PublicKey: publicKeyOf(key.spec, currentMaterial(key, call.state).secret),
      // AWS serves the old name beside the new one; its type is older than some key specs.
      CustomerMasterKeySpec: key.spec as never,
      KeySpec: key.spec,
      KeyUsage: key.usage,
      ...usageFacts(key).algorithms,
    }
  },
  audit: keyAudit('KeyId'),
})

export const publicKeyRows = [getPublicKey]

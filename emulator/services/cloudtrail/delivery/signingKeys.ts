import { createHash, createPublicKey } from 'node:crypto'
import { generateMaterial, publicKeyOf, sign } from '../../../crypto/keyMaterial.ts'
import { fromStored, toStored } from '../../../crypto/material.ts'
import type { Environment } from '../../../operation/call.ts'
import type { CloudTrailState, SigningKeyRecord } from '../state.ts'

const SPEC = 'RSA_2048'
const ALGORITHM = 'RSASSA_PKCS1_V1_5_SHA_256'
/** AWS does not say how long its keys are good for. */
const VALID_MS = 365 * 86_400_000
const HOUR_MS = 3_600_000

/** A Region's key pair for digest files, and by what it is known. */
export interface SigningKey {
  readonly fingerprint: string
  readonly record: SigningKeyRecord
}

/** The key that a Region's digest files are signed with at a time; made when first needed. */
export async function signingKey(
  region: string,
  time: number,
  state: CloudTrailState,
  { store }: Pick<Environment, 'store'>,
): Promise<SigningKey> {
  const known = validKey(region, time, state)
  if (known) return known
  const material = await generateMaterial(SPEC)
  const record = { region, from: time - HOUR_MS, until: time + VALID_MS, key: toStored(material) }
  const fingerprint = fingerprintOf(publicKey(record))
  return store.transaction(() => {
    const meanwhile = validKey(region, time, state)
    if (meanwhile) return meanwhile
    state.keys.in().put(fingerprint, record)
    return { fingerprint, record }
  })
}

function validKey(region: string, time: number, { keys }: CloudTrailState): SigningKey | undefined {
  for (const [fingerprint, record] of keys.in().find('region', region)) {
    if (record.from <= time && time < record.until) return { fingerprint, record }
  }
  return undefined
}

/** SHA-256 with RSA, hexadecimal. */
export const signText = ({ key }: SigningKeyRecord, text: string): string =>
  sign({
    spec: SPEC,
    material: fromStored(key),
    algorithm: ALGORITHM,
    messageType: 'RAW',
    message: Buffer.from(text),
  }).toString('hex')

/** PKCS #1, DER (CloudTrail API reference, PublicKey). */
export const publicKey = ({ key }: SigningKeyRecord): Buffer =>
  createPublicKey({ key: publicKeyOf(SPEC, fromStored(key)), format: 'der', type: 'spki' }).export({
    format: 'der',
    type: 'pkcs1',
  })

/** 32 hexadecimal digits, as AWS's are. */
const fingerprintOf = (der: Buffer): string => createHash('sha256').update(der).digest('hex').slice(0, 32)

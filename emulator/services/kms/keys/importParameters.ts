import { createHmac, timingSafeEqual } from 'node:crypto'
import type { AlgorithmSpec, KeySpec } from '@aws-sdk/client-kms'
import { fromStored, toStored } from '../../../crypto/material.ts'
import { WRAP_ALGORITHMS, type WrapAlgorithm, type Wrapping, type WrappingKeySpec } from '../../../crypto/wrap.ts'
import type { Environment } from '../../../operation/call.ts'
import { invalidImportToken, validation } from '../errors.ts'
import { isOffered } from '../keySpecs.ts'
import type { ImportParametersRecord, KeyRecord, KmsCall, KmsState } from '../state.ts'
import { expiredImportToken } from '../unsourced.ts'
import { existingSecret, secretNamed } from './secrets.ts'

/** How long import parameters are good for (facts: B12). */
export const PARAMETERS_VALID_MS = 86_400_000

/** The way in which material is to come. */
type Way = Pick<Wrapping, 'algorithm' | 'keySpec'>

/**
 * A wrapping that material of a key can come in (facts: B12). SM2 keys wrap in China Regions only, and RSAES_PKCS1_V1_5 is no longer
 * taken. Throws ValidationException.
 */
export function requireWrapping({ spec, region }: KeyRecord, algorithm: AlgorithmSpec, keySpec: WrappingKeySpec): Way {
  const offered = keySpec !== 'SM2' || isOffered(keySpec, region)
  if (offered && isWrapAlgorithm(algorithm) && fits(spec, { algorithm, keySpec })) return { algorithm, keySpec }
  throw validation(
    `Wrapping algorithm ${algorithm} and wrapping key spec ${keySpec} cannot be used to import a ${spec} key.`,
  )
}

const isWrapAlgorithm = (algorithm: string): algorithm is WrapAlgorithm => Object.hasOwn(WRAP_ALGORITHMS, algorithm)

/** Symmetric material comes in OAEP only, RSA keys come wrapped by a key; elliptic curves either way, if they fit. */
function fits(spec: KeySpec, { algorithm, keySpec }: Way): boolean {
  const { hybrid } = WRAP_ALGORITHMS[algorithm]
  if ((algorithm === 'SM2PKE') !== (keySpec === 'SM2')) return false
  if (spec.startsWith('RSA_')) return hybrid
  if (!spec.startsWith('ECC_') && spec !== 'SM2') return !hybrid
  const large = spec === 'ECC_NIST_P521' || spec === 'ECC_NIST_EDWARDS25519'
  return hybrid || !large || keySpec !== 'RSA_2048'
}

/*
 * An import token tells which stored parameters it is for and until when, and proves that KMS made it for this very key: a head, an
 * id, the expiry, and a keyed hash that covers the key's account and Region as well.
 */
const HEAD = Buffer.from([0x01, 0x02, 0x04, 0x00])
const ID_END = HEAD.length + 16
const EXPIRY_END = ID_END + 8
const LENGTH = EXPIRY_END + 32

/** Of one key: each is a private key that would be kept for a day. AWS's rate of one request a second bounds them there. */
const MOST_PARAMETERS = 100

/** Keeps a wrapping key until its parameters expire, or too many newer ones are there, and makes the token for it. */
export function storeParameters(key: KeyRecord, wrapping: Wrapping, call: KmsCall): Buffer {
  const expiresAt = call.time + PARAMETERS_VALID_MS
  const id = call.env.ids.bytes(16)
  const expiry = Buffer.alloc(8)
  expiry.writeBigUInt64BE(BigInt(expiresAt))
  const open = Buffer.concat([HEAD, id, expiry])
  const { algorithm, keySpec, privateKey } = wrapping
  const record = { keyId: key.id, algorithm, keySpec, expiresAt, privateKey: toStored(privateKey) }
  const secret = call.env.store.transaction(() => {
    dropOldest(key, call)
    call.state.importParameters.in(key.account, key.region).put(id.toString('hex'), record)
    return secretNamed('importTokens', call)
  })
  armParameters({ account: key.account, region: key.region, id: id.toString('hex'), record }, call.state, call.env)
  return Buffer.concat([open, proof(secret, key, open)])
}

/** Makes room for one more. Within a transaction. */
function dropOldest({ account, region, id: keyId }: KeyRecord, { state, env }: KmsCall): void {
  const parameters = state.importParameters.in(account, region)
  let excess = parameters.count('key', keyId) - MOST_PARAMETERS + 1
  if (excess <= 0) return
  const oldestFirst = [...parameters.find('key', keyId)].sort(([, a], [, b]) => a.expiresAt - b.expiresAt)
  for (const [id] of oldestFirst) {
    if (excess-- <= 0) return
    parameters.delete(id)
    env.clock.cancel(taskOf(account, region, id))
  }
}

const taskOf = (account: string, region: string, id: string) => `kms/import/${region}/${account}/${id}`

/**
 * The wrapping that a token stands for. Throws InvalidImportTokenException for what was not made for this key, and
 * ExpiredImportTokenException for what was, a day ago.
 */
export function readImportToken(token: Buffer, key: KeyRecord, call: KmsCall): Wrapping {
  const secret = existingSecret('importTokens', call)
  if (secret === undefined || token.length !== LENGTH) throw invalidImportToken()
  const open = token.subarray(0, EXPIRY_END)
  if (!timingSafeEqual(proof(secret, key, open), token.subarray(EXPIRY_END))) throw invalidImportToken()
  const record = call.state.importParameters.in(key.account, key.region).get(token.toString('hex', HEAD.length, ID_END))
  if (!record || record.expiresAt <= call.time) throw expiredImportToken()
  return { ...record, privateKey: fromStored(record.privateKey) }
}

const proof = (secret: Buffer, { account, region, id }: KeyRecord, open: Buffer): Buffer =>
  createHmac('sha256', secret).update(`twokey/kms import token\0${region}\0${account}\0${id}\0`).update(open).digest()

/** Puts the end of some parameters on the clock. */
export function armParameters(
  at: {
    readonly account: string
    readonly region: string
    readonly id: string
    readonly record: ImportParametersRecord
  },
  state: KmsState,
  env: Environment,
): void {
  const { account, region, id, record } = at
  env.clock.schedule(taskOf(account, region, id), record.expiresAt, () => {
    env.store.transaction(() => {
      state.importParameters.in(account, region).delete(id)
    })
  })
}

/** The wrapping keys of a key that is deleted. Within a transaction. */
export function deleteParameters({ account, region, id: keyId }: KeyRecord, state: KmsState, env: Environment): void {
  const parameters = state.importParameters.in(account, region)
  for (const [id] of [...parameters.find('key', keyId)]) {
    parameters.delete(id)
    env.clock.cancel(taskOf(account, region, id))
  }
}

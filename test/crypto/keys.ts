import { acceptMaterial, generateMaterial } from '../../emulator/crypto/keyMaterial.ts'
import type { MaterialSpec } from '../../emulator/crypto/keyMaterial.ts'
import { revealBytes } from '../../emulator/crypto/material.ts'
import type { SecretBytes } from '../../emulator/crypto/types.ts'

export const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

/** A DER element; the length is found for it. Written independently of emulator/crypto/der.ts. */
export function tlv(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...head]), content])
}

/** PrivateKeyInfo: the algorithm identifier's contents in hexadecimal, the private key's octets. */
export const pkcs8 = (algorithm: string, ...key: readonly Buffer[]): Buffer =>
  tlv(0x30, hex('020100'), tlv(0x30, hex(algorithm)), tlv(0x04, ...key))

/** BER: the outermost SEQUENCE with its length left open. */
export function indefinite(der: Buffer): Buffer {
  const lengthBytes = (der[1] ?? 0) < 0x80 ? 1 : 1 + (der[1] ?? 0) - 0x80
  return Buffer.concat([hex('3080'), der.subarray(1 + lengthBytes), hex('0000')])
}

export function accepted(spec: MaterialSpec, bytes: Buffer): SecretBytes {
  const material = acceptMaterial(spec, bytes)
  if (!material) throw new Error(`not accepted for ${spec}`)
  return material
}

/** One key per spec and test file: some take seconds to make. */
const made = new Map<MaterialSpec, Promise<SecretBytes>>()
export function keyOf(spec: MaterialSpec): Promise<SecretBytes> {
  const known = made.get(spec) ?? Promise.resolve(generateMaterial(spec))
  made.set(spec, known)
  return known
}

export const bytesOf = (material: SecretBytes): Buffer => Buffer.from(revealBytes(material))

export function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return copy
}

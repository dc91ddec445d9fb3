import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { encode } from 'cborg'
import forge from 'node-forge'

/*
 * A public key infrastructure like Nitro's, and documents signed by it. Certificates are put together from ASN.1 by node-forge, since
 * it makes none with elliptic curves itself; COSE's signed structure is written by hand.
 */

const { asn1 } = forge
const { Class, Type } = asn1
type Asn1 = forge.asn1.Asn1

const node = (type: forge.asn1.Type, value: string | Asn1[]) =>
  asn1.create(Class.UNIVERSAL, type, Array.isArray(value), value)
const sequence = (...items: Asn1[]) => node(Type.SEQUENCE, items)
const oid = (dotted: string) => node(Type.OID, asn1.oidToDer(dotted).getBytes())
/** Context tags 0 and 3; forge's types know tags by their universal names only. */
const [TAG_0, TAG_3] = [Type.NONE, Type.BITSTRING]
const explicit = (tag: forge.asn1.Type, item: Asn1) => asn1.create(Class.CONTEXT_SPECIFIC, tag, true, [item])
const fromDer = (bytes: Buffer) => asn1.fromDer(bytes.toString('latin1'))
const toDer = (item: Asn1) => Buffer.from(asn1.toDer(item).getBytes(), 'latin1')
const integer = (value: number) => node(Type.INTEGER, asn1.integerToDer(value).getBytes())
const bitString = (bytes: Buffer, unused = 0) =>
  node(Type.BITSTRING, Buffer.concat([Buffer.from([unused]), bytes]).toString('latin1'))

const HOUR = 3_600_000
const SIGNED_WITH = { sha256: '1.2.840.10045.4.3.2', sha384: '1.2.840.10045.4.3.3' }
/** First bytes of KeyUsage, and how many of their bits are not used. */
export const USAGE = {
  digitalSignature: Buffer.from([0x80]),
  keyCertSign: Buffer.from([0x04]),
  keyEncipherment: Buffer.from([0x20]),
}

export interface Issued {
  readonly name: string
  readonly der: Buffer
  readonly key: KeyObject
}

export interface CertificateRequest {
  readonly name?: string
  /** Left out: it signs itself. */
  readonly issuer?: Issued | undefined
  /** The name of the issuer, where it is to be wrong. */
  readonly issuerName?: string
  readonly curve?: 'P-256' | 'P-384'
  readonly digest?: keyof typeof SIGNED_WITH
  readonly notBefore?: number
  readonly notAfter?: number
  /** `absent` leaves basicConstraints out. */
  readonly ca?: boolean | 'absent'
  readonly pathLength?: number
  readonly usage?: Buffer | undefined
  /** Object identifiers of further critical extensions. */
  readonly critical?: readonly string[]
}

function nameOf(name: string): Asn1 {
  const attribute = sequence(oid('2.5.4.3'), node(Type.UTF8, name))
  return sequence(node(Type.SET, [attribute]))
}

function extensionsOf({ ca, pathLength, usage, critical = [] }: CertificateRequest): Asn1[] {
  const extension = (id: string, value: Asn1) =>
    sequence(oid(id), node(Type.BOOLEAN, '\xff'), node(Type.OCTETSTRING, toDer(value).toString('latin1')))
  const constraints = [
    ...(ca === true ? [node(Type.BOOLEAN, '\xff')] : []),
    ...(pathLength === undefined ? [] : [integer(pathLength)]),
  ]
  return [
    ...(ca === 'absent' ? [] : [extension('2.5.29.19', sequence(...constraints))]),
    ...(usage ? [extension('2.5.29.15', bitString(usage, 2))] : []),
    ...critical.map((id) => extension(id, node(Type.NULL, ''))),
  ]
}

/** A certificate on P-384 signed with ECDSA and SHA-384, unless told otherwise. */
export function certificate(request: CertificateRequest): Issued {
  const { name = 'test.nitro-enclaves', issuer, digest = 'sha384' } = request
  const keys = generateKeyPairSync('ec', { namedCurve: request.curve ?? 'P-384' })
  const now = Date.now()
  const time = (at: number) => node(Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(new Date(at)))
  const algorithm = sequence(oid(SIGNED_WITH[digest]))
  const extensions = extensionsOf(request)
  const body = sequence(
    explicit(TAG_0, integer(2)),
    node(Type.INTEGER, `\x01${randomBytes(8).toString('latin1')}`),
    algorithm,
    nameOf(request.issuerName ?? issuer?.name ?? name),
    sequence(time(request.notBefore ?? now - HOUR), time(request.notAfter ?? now + 3 * HOUR)),
    nameOf(name),
    fromDer(keys.publicKey.export({ type: 'spki', format: 'der' })),
    ...(extensions.length === 0 ? [] : [explicit(TAG_3, sequence(...extensions))]),
  )
  const signature = sign(digest, toDer(body), issuer?.key ?? keys.privateKey)
  return { name, der: toDer(sequence(body, algorithm, bitString(signature))), key: keys.privateKey }
}

export const pem = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`

/** A root, two authorities below it and a certificate that signs documents. */
export interface Pki {
  readonly root: Issued
  readonly zonal: Issued
  readonly instance: Issued
  readonly leaf: Issued
  /** Root first. */
  readonly bundle: readonly Buffer[]
}

const DAY = 24 * HOUR
const lasting = () => ({ notBefore: Date.now() - DAY, notAfter: Date.now() + 30 * DAY })

export const rootRequest = (): CertificateRequest => ({ ca: true, usage: USAGE.keyCertSign, ...lasting() })
export const zonalRequest = (root: Issued): CertificateRequest => ({
  name: 'zonal.test.nitro-enclaves',
  issuer: root,
  ca: true,
  pathLength: 1,
  usage: USAGE.keyCertSign,
  ...lasting(),
})
export const instanceRequest = (zonal: Issued): CertificateRequest => ({
  name: 'i-0123456789abcdef0.test.nitro-enclaves',
  issuer: zonal,
  ca: true,
  pathLength: 0,
  usage: USAGE.keyCertSign,
  ...lasting(),
})
/** Valid for three hours from now. */
export const leafRequest = (instance: Issued): CertificateRequest => ({
  name: 'i-0123456789abcdef0-enc0123456789abcde0.test',
  issuer: instance,
  ca: false,
  usage: USAGE.digitalSignature,
})

export function pki(): Pki {
  const root = certificate(rootRequest())
  const zonal = certificate(zonalRequest(root))
  const instance = certificate(instanceRequest(zonal))
  const leaf = certificate(leafRequest(instance))
  return { root, zonal, instance, leaf, bundle: [root.der, zonal.der, instance.der] }
}

export const MODULE_ID = 'i-0123456789abcdef0-enc0123456789abcde0'

/** Registers as an enclave has them: 0 to 15, those that measure nothing zero. */
export function enclavePcrs(): Map<number, Uint8Array> {
  const pcrs = new Map<number, Uint8Array>()
  for (let index = 0; index < 16; index++) {
    pcrs.set(index, index <= 4 ? Buffer.alloc(48, 0xa0 + index) : Buffer.alloc(48))
  }
  return pcrs
}

/** The hexadecimal text of register 0 in `enclavePcrs`. */
export const PCR0 = 'a0'.repeat(48)

/** The fields of a document as enclaves write them: optional ones that have no value are null. */
export function fieldsOf(pki: Pick<Pki, 'leaf' | 'bundle'>, publicKey?: KeyObject): Map<string, unknown> {
  return new Map<string, unknown>([
    ['module_id', MODULE_ID],
    ['digest', 'SHA384'],
    ['timestamp', Date.now()],
    ['pcrs', enclavePcrs()],
    ['certificate', pki.leaf.der],
    ['cabundle', pki.bundle],
    ['public_key', publicKey ? publicKey.export({ type: 'spki', format: 'der' }) : null],
    ['user_data', null],
    ['nonce', null],
  ])
}

const ES384_HEADER = Buffer.from('a1013822', 'hex')

/** A byte string's head (RFC 8949, 3). */
function head(length: number): Buffer {
  if (length < 24) return Buffer.from([0x40 + length])
  if (length < 256) return Buffer.from([0x58, length])
  return Buffer.from([0x59, length >> 8, length & 0xff])
}
const byteString = (bytes: Buffer) => Buffer.concat([head(bytes.length), bytes])

export interface CoseParts {
  readonly header?: Buffer
  readonly unprotected?: Buffer
  readonly signature?: Buffer
  readonly tagged?: boolean
}

/** A COSE_Sign1 structure, untagged as enclaves give it, signed by `key`. */
export function signCose(payload: Buffer, key: KeyObject, parts: CoseParts = {}): Buffer {
  const header = byteString(parts.header ?? ES384_HEADER)
  const content = byteString(payload)
  const signed = Buffer.concat([
    Buffer.from([0x84, 0x6a]),
    Buffer.from('Signature1'),
    header,
    Buffer.from([0x40]),
    content,
  ])
  const signature = parts.signature ?? sign('sha384', signed, { key, dsaEncoding: 'ieee-p1363' })
  const structure = [
    Buffer.from([0x84]),
    header,
    parts.unprotected ?? Buffer.from([0xa0]),
    content,
    byteString(signature),
  ]
  return Buffer.concat([...(parts.tagged === true ? [Buffer.from([0xd2])] : []), ...structure])
}

/** A signed document with the given fields instead of the usual ones; `undefined` leaves a field out. */
export function attest(
  pki: Pick<Pki, 'leaf' | 'bundle'>,
  publicKey: KeyObject | undefined,
  changes: Readonly<Record<string, unknown>> = {},
  parts: CoseParts = {},
): Buffer {
  const fields = fieldsOf(pki, publicKey)
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) fields.delete(name)
    else fields.set(name, value)
  }
  return signCose(Buffer.from(encode(fields)), pki.leaf.key, parts)
}

import { X509Certificate } from 'node:crypto'
import { readDer, type DerSpan } from '../der.ts'

/** A certificate, and what node:crypto does not tell of it. */
export interface Certificate {
  readonly x509: X509Certificate
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  /** Object identifier of the algorithm it is signed with, DER in hexadecimal. */
  readonly signedWith: string
  readonly authority: boolean
  /** How many authorities may follow it in a chain; undefined for any number. */
  readonly pathLength: number | undefined
  readonly usage: { readonly digitalSignature: boolean; readonly keyCertSign: boolean }
  /** A critical extension that nobody here understands. */
  readonly unknownCritical: boolean
}

const SEQUENCE = 0x30
const BOOLEAN = 0x01
const INTEGER = 0x02
const BIT_STRING = 0x03
const OCTET_STRING = 0x04
const OBJECT_IDENTIFIER = 0x06
const EXTENSIONS = 0xa3
const BASIC_CONSTRAINTS = '551d13'
const KEY_USAGE = '551d0f'
/** Bits of the first byte of KeyUsage. */
const DIGITAL_SIGNATURE = 0x80
const KEY_CERT_SIGN = 0x04

/** Reads one DER certificate that fills `bytes`; undefined when it is none. */
export function readCertificate(bytes: Buffer): Certificate | undefined {
  try {
    const x509 = new X509Certificate(bytes)
    if (!x509.raw.equals(bytes)) return undefined
    const certificate = only(bytes, { start: 0, end: bytes.length }, SEQUENCE)
    const [toBeSigned, algorithm] = elements(bytes, certificate)
    const notBefore = Date.parse(x509.validFrom)
    const notAfter = Date.parse(x509.validTo)
    if (!toBeSigned || !algorithm || Number.isNaN(notBefore) || Number.isNaN(notAfter)) return undefined
    return {
      x509,
      notBefore,
      notAfter,
      signedWith: hex(bytes, elements(bytes, algorithm)[0]),
      ...extensionFacts(bytes, toBeSigned),
    }
  } catch {
    // OpenSSL and the reader below throw for what they cannot read.
    return undefined
  }
}

interface Element extends DerSpan {
  readonly tag: number
}

/** Everything in a span, one level deep. Throws a RangeError when it is not DER. */
function elements(bytes: Buffer, { start, end }: DerSpan): Element[] {
  const found: Element[] = []
  for (let at = start; at < end;) {
    const tag = bytes[at] ?? 0
    const span = readDer(bytes, at, end, tag)
    if (!span) throw new RangeError('not DER')
    found.push({ tag, ...span })
    at = span.end
  }
  return found
}

/** The one element that a span consists of. */
function only(bytes: Buffer, span: DerSpan, tag: number): Element {
  const [element, ...more] = elements(bytes, span)
  if (element?.tag !== tag || more.length > 0) throw new RangeError('not one element')
  return element
}

const hex = (bytes: Buffer, span: DerSpan | undefined) => (span ? bytes.toString('hex', span.start, span.end) : '')

type ExtensionFacts = Pick<Certificate, 'authority' | 'pathLength' | 'usage' | 'unknownCritical'>

function extensionFacts(bytes: Buffer, toBeSigned: DerSpan): ExtensionFacts {
  let unknownCritical = false
  const known = new Map<string, DerSpan>()
  for (const { id, critical, value } of extensions(bytes, toBeSigned)) {
    if (known.has(id)) throw new RangeError('an extension is there twice')
    known.set(id, value)
    if (critical && id !== BASIC_CONSTRAINTS && id !== KEY_USAGE) unknownCritical = true
  }
  return {
    ...basicConstraints(bytes, known.get(BASIC_CONSTRAINTS)),
    usage: keyUsage(bytes, known.get(KEY_USAGE)),
    unknownCritical,
  }
}

function* extensions(bytes: Buffer, toBeSigned: DerSpan) {
  const holder = elements(bytes, toBeSigned).find(({ tag }) => tag === EXTENSIONS)
  if (!holder) return
  for (const extension of elements(bytes, only(bytes, holder, SEQUENCE))) {
    const [id, second, third] = elements(bytes, extension)
    const value = third ?? second
    if (id?.tag !== OBJECT_IDENTIFIER || value?.tag !== OCTET_STRING) throw new RangeError('not an extension')
    const critical = second?.tag === BOOLEAN && bytes[second.start] !== 0
    yield { id: hex(bytes, id), critical, value }
  }
}

function basicConstraints(bytes: Buffer, value: DerSpan | undefined): Pick<Certificate, 'authority' | 'pathLength'> {
  if (!value) return { authority: false, pathLength: undefined }
  const parts = elements(bytes, only(bytes, value, SEQUENCE))
  const ca = parts.find(({ tag }) => tag === BOOLEAN)
  const length = parts.find(({ tag }) => tag === INTEGER)
  return {
    authority: ca !== undefined && bytes[ca.start] !== 0,
    pathLength: length && bytes.readIntBE(length.start, Math.min(length.end - length.start, 6)),
  }
}

function keyUsage(bytes: Buffer, value: DerSpan | undefined): Certificate['usage'] {
  if (!value) return { digitalSignature: false, keyCertSign: false }
  const bits = only(bytes, value, BIT_STRING)
  // The first content byte counts the unused bits of the last one.
  const first = bits.end - bits.start > 1 ? (bytes[bits.start + 1] ?? 0) : 0
  return { digitalSignature: (first & DIGITAL_SIGNATURE) !== 0, keyCertSign: (first & KEY_CERT_SIGN) !== 0 }
}

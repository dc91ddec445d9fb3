import { createHash, randomBytes } from 'node:crypto'

/** How a digest becomes the block that RSA signs (RFC 8017 §9). Blocks are as long as the modulus. */
export interface SignatureEncoding {
  readonly encode: (hash: string, digest: Buffer, length: number) => Buffer
  readonly matches: (hash: string, digest: Buffer, block: Buffer) => boolean
}

/** DigestInfo up to the digest: SEQUENCE { SEQUENCE { OID of the hash, NULL }, OCTET STRING }. */
const DIGEST_INFO: Readonly<Record<string, string>> = {
  sha256: '3031300d060960864801650304020105000420',
  sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
}

function encodePkcs1(hash: string, digest: Buffer, length: number): Buffer {
  const info = Buffer.concat([Buffer.from(DIGEST_INFO[hash] ?? '', 'hex'), digest])
  const block = Buffer.alloc(length, 0xff)
  block[0] = 0
  block[1] = 1
  block[length - info.length - 1] = 0
  info.copy(block, length - info.length)
  return block
}

/** EMSA-PKCS1-v1_5. Checked by encoding again and comparing whole blocks, so that no padding is ever parsed. */
export const pkcs1v15: SignatureEncoding = {
  encode: encodePkcs1,
  matches: (hash, digest, block) => encodePkcs1(hash, digest, block.length).equals(block),
}

const TRAILER = 0xbc
/** One bit less than the modulus has: the highest bit of a block is never set. */
const HIGHEST_BITS = 0x7f

const hashOf = (hash: string, ...parts: readonly Buffer[]): Buffer => {
  const running = createHash(hash)
  for (const part of parts) running.update(part)
  return running.digest()
}

/** EMSA-PSS with MGF1 over the same hash and a salt as long as the digest, neither more nor less (facts: B5). */
export const pss: SignatureEncoding = {
  encode(hash, digest, length) {
    const salt = randomBytes(digest.length)
    const seed = hashOf(hash, Buffer.alloc(8), digest, salt)
    const data = Buffer.alloc(length - digest.length - 1)
    data[data.length - salt.length - 1] = 1
    salt.copy(data, data.length - salt.length)
    return Buffer.concat([masked(hash, seed, data), seed, Buffer.from([TRAILER])])
  },
  matches(hash, digest, block) {
    const { length } = digest
    const data = block.subarray(0, block.length - length - 1)
    const seed = block.subarray(data.length, block.length - 1)
    if (block[block.length - 1] !== TRAILER || ((data[0] ?? 0) & ~HIGHEST_BITS) !== 0) return false
    const opened = masked(hash, seed, data)
    const saltAt = opened.length - length
    if (opened[saltAt - 1] !== 1 || opened.subarray(0, saltAt - 1).some((byte) => byte !== 0)) return false
    return hashOf(hash, Buffer.alloc(8), digest, opened.subarray(saltAt)).equals(seed)
  },
}

/** `data` XOR MGF1 of `seed`, and the highest bit cleared. */
function masked(hash: string, seed: Buffer, data: Buffer): Buffer {
  const counter = Buffer.alloc(4)
  const mask: Buffer[] = []
  for (let length = 0; length < data.length; length += seed.length) {
    counter.writeUInt32BE(mask.length)
    mask.push(hashOf(hash, seed, counter))
  }
  const out = Buffer.concat(mask, data.length)
  for (let at = 0; at < out.length; at++) out[at] = (out[at] ?? 0) ^ (data[at] ?? 0)
  out[0] = (out[0] ?? 0) & HIGHEST_BITS
  return out
}

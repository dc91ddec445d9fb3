import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { Crc32c, Crc64Nvme } from '@aws-sdk/checksums/crc'
import type { ChecksumAlgorithm } from '../state.ts'

/** Takes bytes as they pass. */
export interface Digester {
  update(chunk: Buffer): void
  digest(): Promise<Buffer>
}

interface AlgorithmFacts {
  /** Of the digest, in bytes. */
  readonly length: number
  readonly create: () => Digester
  /** CRCs of parts can be combined into the CRC of the whole: width in bits and reflected polynomial. */
  readonly crc?: { readonly width: number; readonly polynomial: bigint }
}

/** Every checksum S3 computes. Nothing else enumerates them. */
export const ALGORITHMS: Readonly<Record<ChecksumAlgorithm, AlgorithmFacts>> = {
  CRC32: { length: 4, create: zlibCrc32, crc: { width: 32, polynomial: 0xedb88320n } },
  CRC32C: { length: 4, create: () => fromSdk(new Crc32c()), crc: { width: 32, polynomial: 0x82f63b78n } },
  CRC64NVME: { length: 8, create: () => fromSdk(new Crc64Nvme()), crc: { width: 64, polynomial: 0x9a6c9329ac4bc9b5n } },
  SHA1: { length: 20, create: () => hash('sha1') },
  SHA256: { length: 32, create: () => hash('sha256') },
  SHA512: { length: 64, create: () => hash('sha512') },
  MD5: { length: 16, create: () => hash('md5') },
}

export const ALGORITHM_NAMES = Object.keys(ALGORITHMS) as ChecksumAlgorithm[]

export function isAlgorithm(name: string): name is ChecksumAlgorithm {
  return Object.hasOwn(ALGORITHMS, name)
}

/** What S3 computes when the client asked for none (facts: A1, captures 7.5). */
export const DEFAULT_ALGORITHM: ChecksumAlgorithm = 'CRC64NVME'

function hash(name: string): Digester {
  const state = createHash(name)
  return { update: (chunk) => void state.update(chunk), digest: () => Promise.resolve(state.digest()) }
}

function zlibCrc32(): Digester {
  let value = 0
  return {
    update(chunk) {
      value = crc32(chunk, value)
    },
    digest() {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(value >>> 0)
      return Promise.resolve(bytes)
    },
  }
}

function fromSdk(sdk: { update(data: Uint8Array): void; digest(): Promise<Uint8Array> }): Digester {
  return {
    update: (chunk) => {
      sdk.update(chunk)
    },
    digest: async () => Buffer.from(await sdk.digest()),
  }
}

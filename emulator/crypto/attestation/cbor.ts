import { decode, Tokenizer, type DecodeOptions } from 'cborg'

/** A document of the documented size has fewer than 200 items. Nesting costs items, so this bounds the depth, too. */
const MAX_ITEMS = 512

const STRICT: DecodeOptions = {
  strict: true,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: true,
  useMaps: true,
  rejectDuplicateMapKeys: true,
}

class BoundedTokenizer extends Tokenizer {
  #items = 0

  override next() {
    this.#items += 1
    if (this.#items > MAX_ITEMS) throw new RangeError('too many CBOR items')
    return super.next()
  }
}

/**
 * One CBOR item that fills `bytes`: shortest integers, no tags, no duplicate keys. Byte strings become Uint8Arrays, maps Maps. Undefined
 * for anything else.
 * @param lengths whether maps and arrays may also be ended by a mark instead of saying their length
 */
export function readCbor(bytes: Uint8Array, lengths: 'definite' | 'any' = 'definite'): unknown {
  const options = { ...STRICT, allowIndefinite: lengths === 'any' }
  try {
    return decode(bytes, { ...options, tokenizer: new BoundedTokenizer(bytes, options) })
  } catch {
    return undefined
  }
}

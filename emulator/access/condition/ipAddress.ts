/** Addresses as AWS reads them: four-part IPv4, eight-group IPv6 with some odd spellings (facts: captures 10.5). */
export type Address = { readonly version: 4; readonly bits: number } | { readonly version: 6; readonly bits: bigint }

export interface Network {
  readonly address: Address
  readonly prefix: number
}

const MAPPED = 0xffffn
const DOTTED_MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i
const GROUP = /^[0-9a-f]{1,4}$/i
const PREFIX = /^\+?\d+$/

/** A request's address; a mapped one (`::ffff:a.b.c.d` in either spelling) is that IPv4 address. */
export function readAddress(text: string): Address | undefined {
  const [, dotted] = DOTTED_MAPPED.exec(text) ?? []
  if (dotted !== undefined) return readIpv4(dotted)
  if (!text.includes(':')) return readIpv4(text)
  const address = readIpv6(text)
  if (address?.version === 6 && address.bits >> 32n === MAPPED)
    return { version: 4, bits: Number(address.bits & 0xffffffffn) }
  return address
}

/** A policy's network; undefined when it cannot be read. Dotted IPv6 cannot. */
export function readNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/')
  const address = readPlain(slash < 0 ? text : text.slice(0, slash))
  if (!address) return undefined
  const longest = address.version === 4 ? 32 : 128
  if (slash < 0) return { address, prefix: longest }
  const digits = text.slice(slash + 1)
  const prefix = PREFIX.test(digits) ? Number(digits) : longest + 1
  return prefix > longest ? undefined : { address, prefix }
}

/** IPv4 networks ignore host bits; IPv6 networks that have some contain nothing, and neither do mapped ones. */
export function contains({ address: network, prefix }: Network, address: Address): boolean {
  if (network.version === 4) {
    if (address.version !== 4) return false
    // A shift by 32 would be a shift by none.
    return prefix === 0 || network.bits >>> (32 - prefix) === address.bits >>> (32 - prefix)
  }
  if (address.version !== 6 || hasHostBits(network.bits, prefix)) return false
  const shift = BigInt(128 - prefix)
  return network.bits >> shift === address.bits >> shift
}

/** Host bits make a policy unstorable (facts: captures 10.6) and a network empty. */
export const hasHostBits = (bits: bigint, prefix: number) => (bits & ((1n << BigInt(128 - prefix)) - 1n)) !== 0n

const readPlain = (text: string) => (text.includes(':') ? readIpv6(text) : readIpv4(text))

/** Leading zeros are decimal. */
function readIpv4(text: string): Address | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let bits = 0
  for (const part of parts) {
    const value = /^\d+$/.test(part) ? Number(part) : 256
    if (value > 255) return undefined
    bits = bits * 256 + value
  }
  return { version: 4, bits }
}

/**
 * At most one `::`. Groups are what stands between colons, empty ones at the end dropped and other empty ones zero; this
 * yields AWS's odd spellings: `2001:db8:::1` is `2001:db8::1`, a trailing colon changes nothing, a leading one is a zero group.
 */
function readIpv6(text: string): Address | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [left, right] = halves.map(readGroups)
  if (!left || (halves.length === 2 && !right)) return undefined
  const missing = 8 - left.length - (right?.length ?? 0)
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  let bits = 0n
  for (const group of [...left, ...Array<number>(missing).fill(0), ...(right ?? [])])
    bits = (bits << 16n) | BigInt(group)
  return { version: 6, bits }
}

function readGroups(text: string): number[] | undefined {
  const groups = text.split(':')
  while (groups.at(-1) === '') groups.pop()
  const values: number[] = []
  for (const group of groups) {
    if (group !== '' && !GROUP.test(group)) return undefined
    values.push(group === '' ? 0 : parseInt(group, 16))
  }
  return values
}

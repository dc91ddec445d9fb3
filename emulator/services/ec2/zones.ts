import { invalidCombination, mustContain, refused } from './errors.ts'

export interface Zone {
  /** `us-east-1a` */
  readonly name: string
  /** `use1-az1`. AWS shuffles these from account to account; here a is always az1. */
  readonly id: string
}

/** The letters of each Region's zones, where they are not a, b and c. */
const LETTERS: Readonly<Record<string, string>> = {
  'us-east-1': 'abcdef',
  'us-west-1': 'ac',
  'us-west-2': 'abcd',
  'ap-northeast-1': 'acd',
  'ap-northeast-2': 'abcd',
  'ca-central-1': 'abd',
}

const DIRECTIONS: Readonly<Record<string, string>> = {
  north: 'n',
  south: 's',
  east: 'e',
  west: 'w',
  central: 'c',
  northeast: 'ne',
  northwest: 'nw',
  southeast: 'se',
  southwest: 'sw',
}

/** `use1` for `us-east-1`, `usgw1` for `us-gov-west-1`. */
export function regionCode(region: string): string {
  const [area = '', ...rest] = region.split('-')
  const number = rest.pop() ?? ''
  return area + rest.map((word) => DIRECTIONS[word] ?? word.slice(0, 1)).join('') + number
}

/** The zones of a Region, in the order of their names. */
export function zonesOf(region: string): readonly Zone[] {
  const code = regionCode(region)
  return Array.from(LETTERS[region] ?? 'abc', (letter, index) => ({
    name: region + letter,
    id: `${code}-az${index + 1}`,
  }))
}

/** The zone that a request selects by name or by id (facts: captures 2.1). Throws MissingParameter, InvalidZone.NotFound. */
export function requireZone(
  input: { readonly AvailabilityZone?: string | undefined; readonly AvailabilityZoneId?: string | undefined },
  region: string,
): Zone {
  const { AvailabilityZone: name = '', AvailabilityZoneId: id = '' } = input
  if (name !== '' && id !== '') {
    throw invalidCombination(
      "AvailabilityZone and AvailabilityZoneId can't be used together. Specify only one of these parameters.",
    )
  }
  if (name === '' && id === '') throw mustContain('zone')
  const zone = zonesOf(region).find((one) => (name === '' ? one.id === id : one.name === name))
  if (!zone) throw refused('InvalidZone.NotFound', `The zone '${name === '' ? id : name}' does not exist.`)
  return zone
}

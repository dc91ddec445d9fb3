import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, it } from '@jest/globals'
import { partitionOf, REGIONS } from '../../emulator/lib/regions.ts'

/** The table in AWS's own SDK, which does not export it: `"id": "aws"` … `"us-east-1": {`. */
function sdkRegions(): Map<string, string> {
  const source = readFileSync(createRequire(import.meta.url).resolve('@aws-sdk/core/client'), 'utf8')
  const regions = new Map<string, string>()
  let partition = ''
  for (const [, id, region] of source.matchAll(/"id": "(aws[a-z-]*)"|"([a-z]+(?:-[a-z]+)+-\d+)": \{/g)) {
    if (id !== undefined) partition = id
    else if (region !== undefined) regions.set(region, partition)
  }
  return regions
}

describe('the Regions of AWS', () => {
  it('are those that AWS’s SDK knows, with their partitions', () => {
    const known = sdkRegions()
    expect(known.size).toBeGreaterThan(30)
    expect(Object.fromEntries(REGIONS.map((region) => [region, partitionOf(region)]))).toEqual(
      Object.fromEntries([...known].sort()),
    )
  })

  it('are not made up', () => {
    expect(partitionOf('us-invalid-1')).toBeUndefined()
    expect(partitionOf('toString')).toBeUndefined()
  })
})

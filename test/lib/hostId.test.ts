import { describe, expect, it } from '@jest/globals'
import { hostId } from '../../emulator/lib/hostId.ts'
import { createIds } from '../../emulator/lib/ids.ts'

describe('host ids', () => {
  it('look like 56 bytes in base64', () => {
    const id = hostId('7DQ3Z5N2MTRK4VWA')
    expect(id).toMatch(/^[A-Za-z\d+/]{75}=$/)
    expect(Buffer.from(id, 'base64')).toHaveLength(56)
  })

  it('follow from the request id, and are others for others', () => {
    const ids = createIds()
    const requests = Array.from({ length: 1000 }, () => ids.base32(16))
    const hosts = requests.map(hostId)
    expect(requests.map(hostId)).toEqual(hosts)
    expect(new Set(hosts).size).toBe(1000)
  })
})

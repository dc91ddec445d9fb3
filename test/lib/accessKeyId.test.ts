import { describe, expect, it } from '@jest/globals'
import { accountOfAccessKeyId, newAccessKeyId } from '../../emulator/lib/accessKeyId.ts'
import { createIds } from '../../emulator/lib/ids.ts'

describe('access key ids', () => {
  it.each(['000000000000', '000000000001', '123456789012', '999999999999'])('carry the account %s', (account) => {
    const ids = createIds('keys')
    for (const prefix of ['AKIA', 'ASIA'] as const) {
      for (let i = 0; i < 50; i++) {
        const id = newAccessKeyId(prefix, account, ids)
        expect(id).toMatch(new RegExp(`^${prefix}[A-Z2-7]{16}$`))
        expect(accountOfAccessKeyId(id)).toBe(account)
      }
    }
  })

  it('differ', () => {
    const ids = createIds()
    const made = Array.from({ length: 1000 }, () => newAccessKeyId('ASIA', '111111111111', ids))
    expect(new Set(made).size).toBe(1000)
  })

  it("are read as AWS's are", () => {
    // An id whose account its finder published.
    expect(accountOfAccessKeyId('ASIAQNZGKIQY56JQ7WML')).toBe('029608264753')
  })

  it.each(['', 'AKIA', 'AIDAQNZGKIQY56JQ7WML', 'ASIAQNZGKIQY56JQ7WM1', 'asiaqnzgkiqy56jq7wml'])(
    '`%s` is none',
    (id) => {
      expect(accountOfAccessKeyId(id)).toBeUndefined()
    },
  )
})

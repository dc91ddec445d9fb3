import { describe, expect, it } from '@jest/globals'
import { bootstrapAccount, DEFAULTS, readSettings, SettingsError } from '../../emulator/server/settings.ts'

describe('settings', () => {
  it('has the documented defaults', () => {
    expect(readSettings({})).toEqual(DEFAULTS)
    expect(DEFAULTS).toMatchObject({
      host: '127.0.0.1',
      port: 4566,
      dataDir: '.twokey',
      enforcement: 'strict',
      bootstrap: true,
      admin: true,
    })
  })

  it('reads every variable', () => {
    expect(
      readSettings({
        TWOKEY_HOST: '0.0.0.0',
        TWOKEY_PORT: '0',
        TWOKEY_TLS_PORT: '4567',
        TWOKEY_DATA_DIR: ':memory:',
        TWOKEY_SEED: 'world.json',
        TWOKEY_ENFORCE: 'soft',
        TWOKEY_BOOTSTRAP: 'off',
        TWOKEY_ADMIN: '0',
        TWOKEY_FSYNC: '1',
        TWOKEY_LOG: 'off',
        TWOKEY_ID_SEED: 'x',
      }),
    ).toEqual({
      host: '0.0.0.0',
      port: 0,
      tlsPort: 4567,
      dataDir: ':memory:',
      seed: 'world.json',
      enforcement: 'soft',
      bootstrap: false,
      admin: false,
      fsync: true,
      log: 'off',
      idSeed: 'x',
    })
  })

  it('says one sentence for each mistake', () => {
    const read = () => readSettings({ TWOKEY_PORT: '70000', TWOKEY_ENFORCE: 'maybe', TWOKEY_PROT: '1' })
    expect(read).toThrow(SettingsError)
    expect(read).toThrow(
      /TWOKEY_PORT is `70000`; it must be a port number from 0 to 65535\nTWOKEY_ENFORCE is `maybe`; it must be `strict` or `soft`\nTWOKEY_PROT is not a setting/,
    )
  })

  it('treats an empty variable as absent', () => {
    expect(readSettings({ TWOKEY_PORT: '' }).port).toBe(4566)
  })

  it('takes account ids and `test` as bootstrap keys, and nothing that merely looks like one', () => {
    expect(bootstrapAccount('111111111111')).toBe('111111111111')
    expect(bootstrapAccount('test')).toBe('000000000000')
    for (const id of ['AKIAIOSFODNN7EXAMPLE', '1111', '', '1111111111111', 'Test', 'toString'])
      expect(bootstrapAccount(id)).toBeUndefined()
  })
})

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
        TWOKEY_QUOTAS: 'CreateKey=1, GenerateDataKeyPair_RSA_4096=0.1,Keys=10',
        TWOKEY_ASYNC_DELAY: '50',
        TWOKEY_NITRO_ROOT: 'root.pem',
        TWOKEY_XKS_ENDPOINTS: 'https://XKS.example.com=http://127.0.0.1:9000, https://b.example.com=https://proxy:8443',
        TWOKEY_UPSTREAM: 'http://moto:5000/, dynamodb=http://localhost:8000,ec2=https://[::1]',
        TWOKEY_UPSTREAM_TIMEOUT: '900000',
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
      quotas: new Map([
        ['CreateKey', 1],
        ['GenerateDataKeyPair_RSA_4096', 0.1],
        ['Keys', 10],
      ]),
      asyncDelay: 50,
      nitroRoot: 'root.pem',
      xksEndpoints: new Map([
        ['https://xks.example.com', 'http://127.0.0.1:9000'],
        ['https://b.example.com', 'https://proxy:8443'],
      ]),
      upstreams: {
        byService: new Map([
          ['dynamodb', 'http://localhost:8000'],
          ['ec2', 'https://[::1]'],
        ]),
        others: 'http://moto:5000',
      },
      upstreamTimeout: 900_000,
    })
  })

  it('says one sentence for each mistake', () => {
    const read = () => readSettings({ TWOKEY_PORT: '70000', TWOKEY_ENFORCE: 'maybe', TWOKEY_PROT: '1' })
    expect(read).toThrow(SettingsError)
    expect(read).toThrow(
      /TWOKEY_PORT is `70000`; it must be a port number from 0 to 65535\nTWOKEY_ENFORCE is `maybe`; it must be `strict` or `soft`\nTWOKEY_PROT is not a setting/,
    )
  })

  it('says what is wrong with each quota', () => {
    const read = (TWOKEY_QUOTAS: string) => () => readSettings({ TWOKEY_QUOTAS, TWOKEY_PORT: 'x' })
    expect(read('on')).toThrow(
      /TWOKEY_QUOTAS is `on`; it must be `off`, `aws`, or a list like `CreateKey=5,CryptographicOperationsSymmetric=100`/,
    )
    const port = 'TWOKEY_PORT is `x`; it must be a port number from 0 to 65535'
    expect(read('CreateKey=0,Encrypt=5,ListKeys=many,CreateGrant=2,CreateGrant=3')).toThrow(
      new RegExp(
        `^${port}\nTWOKEY_QUOTAS gives \`CreateKey\` as \`0\`; it must be a number above 0\n` +
          'TWOKEY_QUOTAS knows no quota `Encrypt`; the quotas are Keys, CryptographicOperationsSymmetric, .*\n' +
          'TWOKEY_QUOTAS gives `ListKeys` as `many`; it must be a number above 0\n' +
          'TWOKEY_QUOTAS gives `CreateGrant` twice$',
      ),
    )
    expect(readSettings({ TWOKEY_QUOTAS: 'aws' }).quotas).toBe('aws')
    expect(readSettings({ TWOKEY_QUOTAS: 'off' }).quotas).toBe('off')
  })

  it.each([
    'https://xks.example.com',
    'http://xks.example.com=http://127.0.0.1:9000',
    'https://xks.example.com:8443=http://127.0.0.1:9000',
    'https://xks.example.com/kms=http://127.0.0.1:9000',
    'https://xks.example.com=127.0.0.1:9000',
    'https://xks.example.com=http://127.0.0.1:9000/kms/xks/v1',
    'https://xks.example.com=http://127.0.0.1:9000/',
    'https://xks.example.com=http://user:word@127.0.0.1:9000',
    'https://xks.example.com=http://127.0.0.1:90000',
    'https://a.example.com=http://127.0.0.1:1,https://A.example.com=http://127.0.0.1:2',
    'https://a.example.com=http://127.0.0.1:1,',
  ])('takes no endpoints from `%s`', (text) => {
    expect(() => readSettings({ TWOKEY_XKS_ENDPOINTS: text })).toThrow(
      `TWOKEY_XKS_ENDPOINTS is \`${text}\`; it must be pairs like \`https://xks.example.com=http://127.0.0.1:9000\` with commas between`,
    )
  })

  it('says what is wrong with an upstream', () => {
    const read =
      (TWOKEY_UPSTREAM: string, more: Readonly<Record<string, string>> = {}) =>
      () =>
        readSettings({ TWOKEY_UPSTREAM, ...more })
    const address = 'it must be an address like `http://moto:5000`, without a path, user or query'
    expect(
      read('moto:5000,sqs=http://u:p@x,sns=http://x/y,s n=http://x,a=http://x,a=http://y,http://x,http://z'),
    ).toThrow(
      new SettingsError(
        [
          `TWOKEY_UPSTREAM gives \`moto:5000\`; ${address}`,
          `TWOKEY_UPSTREAM gives \`http://u:p@x\` for \`sqs\`; ${address}`,
          `TWOKEY_UPSTREAM gives \`http://x/y\` for \`sns\`; ${address}`,
          "TWOKEY_UPSTREAM names `s n`, which is no service's signing name like `dynamodb` or `sqs`",
          'TWOKEY_UPSTREAM gives `a` twice',
          'TWOKEY_UPSTREAM gives two addresses without a service, `http://x` and `http://z`',
        ].join('\n'),
      ),
    )
    const circle = (own: string) =>
      `TWOKEY_UPSTREAM gives \`${own}\`, which is this emulator itself; give the address of another mock service`
    expect(read('http://localhost:4566')).toThrow(circle('http://localhost:4566'))
    expect(read('sqs=http://[::1]:80', { TWOKEY_PORT: '80', TWOKEY_HOST: '0.0.0.0' })).toThrow(circle('http://[::1]'))
    expect(read('https://127.0.0.1', { TWOKEY_TLS_PORT: '443' })).toThrow(circle('https://127.0.0.1'))
    expect(read('http://localhost:4567')).not.toThrow()
    expect(read('http://moto:4566')).not.toThrow()
    expect(read('http://x', { TWOKEY_UPSTREAM_TIMEOUT: '0' })).toThrow(
      'TWOKEY_UPSTREAM_TIMEOUT is `0`; it must be a number of milliseconds from 1 to 86400000',
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

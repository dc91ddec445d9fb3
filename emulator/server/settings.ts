import { isAccountId } from '../lib/arn.ts'
import { QUOTAS } from '../services/kms/quotas.ts'
import { ownAddress, parseUpstreams, type Upstreams } from './gateway/upstreams.ts'

/** How an emulator runs. Each has an environment variable `TWOKEY_…` and a flag of `twokey start` of the same name. */
export interface Settings {
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
  /** HTTPS beside HTTP, with a certificate of a local authority; 0 = any free port. */
  readonly tlsPort: number | undefined
  /** A directory, or `:memory:`. */
  readonly dataDir: string
  /** A world file to load into an empty state. */
  readonly seed: string | undefined
  readonly enforcement: 'strict' | 'soft'
  /** Whether `<account id>`/`test` are credentials of that account's root. */
  readonly bootstrap: boolean
  /** Whether `/_twokey/` answers. */
  readonly admin: boolean
  /** Wait for the disk, not only for the kernel, before acknowledging. */
  readonly fsync: boolean
  readonly log: 'off' | 'error' | 'denials' | 'requests'
  /** The same identifiers in the same order; for examples and tests. */
  readonly idSeed: string | undefined
  /** KMS quotas that are enforced: none, AWS's defaults, or those named, with their values. */
  readonly quotas: 'off' | 'aws' | ReadonlyMap<string, number>
  /** How long services take for what they do after their answer, in milliseconds of the emulator's clock. */
  readonly asyncDelay: number
  /** A PEM file of root certificates; KMS trusts attestation documents that chain to one of them. */
  readonly nitroRoot: string | undefined
  /** Where external key store proxies are really found, by their `https://` endpoint. */
  readonly xksEndpoints: ReadonlyMap<string, string> | undefined
  /** Other mock services that requests are forwarded to once they are authorized (docs/gateway.md). */
  readonly upstreams: Upstreams | undefined
  /** How long a forwarded request waits for the next sign of life of its upstream, in milliseconds. */
  readonly upstreamTimeout: number
}

export const DEFAULTS: Settings & {
  readonly quotas: 'off'
  readonly xksEndpoints: undefined
  readonly upstreams: undefined
} = {
  host: '127.0.0.1',
  port: 4566,
  tlsPort: undefined,
  dataDir: '.twokey',
  seed: undefined,
  enforcement: 'strict',
  bootstrap: true,
  admin: true,
  fsync: false,
  log: 'denials',
  idSeed: undefined,
  quotas: 'off',
  asyncDelay: 200,
  nitroRoot: undefined,
  xksEndpoints: undefined,
  upstreams: undefined,
  upstreamTimeout: 60_000,
}

/** A setting that cannot be used; the message says what to write instead. */
export class SettingsError extends Error {}

interface Setting<K extends keyof Settings> {
  readonly variable: string
  readonly key: K
  readonly read: (text: string) => Settings[K] | undefined
  readonly expects: string
}

const setting = <K extends keyof Settings>(
  variable: string,
  key: K,
  expects: string,
  read: (text: string) => Settings[K] | undefined,
): Setting<K> => ({ variable, key, read, expects })

const port = (text: string) => (/^\d{1,5}$/.test(text) && Number(text) <= 65535 ? Number(text) : undefined)
const milliseconds = (text: string) => (/^\d{1,8}$/.test(text) && Number(text) <= 86_400_000 ? Number(text) : undefined)
const oneOf =
  <T extends string>(...values: readonly T[]) =>
  (text: string) =>
    values.find((value) => value === text)
const flag = (text: string) => ({ '1': true, true: true, on: true, '0': false, false: false, off: false })[text]
/** `off`, `aws`, or `CreateKey=1,GenerateDataKeyPair_RSA_4096=0.1`. Throws SettingsError. */
function quotas(text: string): Settings['quotas'] | undefined {
  if (text === 'off' || text === 'aws') return text
  const entries = text.split(',').map((part) => part.trim().split('='))
  if (entries.some((entry) => entry.length !== 2)) return undefined
  const faults: string[] = []
  const values = new Map<string, number>()
  for (const [name = '', value = ''] of entries) {
    if (!QUOTAS.includes(name)) faults.push(unknownQuota(name))
    else if (values.has(name)) faults.push(`TWOKEY_QUOTAS gives \`${name}\` twice`)
    else if (!/^\d{1,9}(?:\.\d{1,3})?$/.test(value) || Number(value) === 0)
      faults.push(`TWOKEY_QUOTAS gives \`${name}\` as \`${value}\`; it must be a number above 0`)
    values.set(name, Number(value))
  }
  if (faults.length > 0) throw new SettingsError(faults.join('\n'))
  return values
}

const unknownQuota = (name: string) => `TWOKEY_QUOTAS knows no quota \`${name}\`; the quotas are ${QUOTAS.join(', ')}`

const nonEmpty = (text: string) => (text === '' ? undefined : text)

/** `https://xks.example.com=http://127.0.0.1:9000`, several with commas between. An endpoint is given once, and without a port or path. */
function endpoints(text: string): ReadonlyMap<string, string> | undefined {
  const map = new Map<string, string>()
  for (const entry of text.split(',')) {
    const match = /^(https:\/\/[a-z0-9.-]+)=(https?:\/\/\S+)$/i.exec(entry.trim())
    const endpoint = match?.[1]?.toLowerCase()
    const target = match?.[2] ?? ''
    if (endpoint === undefined || map.has(endpoint) || !isOrigin(target)) return undefined
    map.set(endpoint, target)
  }
  return map
}

/** Throws SettingsError. */
function upstreams(text: string): Upstreams {
  const parsed = parseUpstreams(text)
  if (!('byService' in parsed)) throw new SettingsError(parsed.join('\n'))
  return parsed
}

const timeout = (text: string) => {
  const value = milliseconds(text)
  return value === 0 ? undefined : value
}

/** Scheme, host and perhaps a port, and nothing else. */
function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { pathname, search, hash, username, password } = new URL(text)
  return pathname === '/' && !text.endsWith('/') && search + hash + username + password === ''
}

/** In the order of docs/settings.md. */
export const SETTINGS = [
  setting('TWOKEY_HOST', 'host', 'an address or host name', nonEmpty),
  setting('TWOKEY_PORT', 'port', 'a port number from 0 to 65535', port),
  setting('TWOKEY_TLS_PORT', 'tlsPort', 'a port number from 0 to 65535', port),
  setting('TWOKEY_DATA_DIR', 'dataDir', 'a directory, or `:memory:`', nonEmpty),
  setting('TWOKEY_SEED', 'seed', 'a world file', nonEmpty),
  setting('TWOKEY_ENFORCE', 'enforcement', '`strict` or `soft`', oneOf('strict', 'soft')),
  setting('TWOKEY_BOOTSTRAP', 'bootstrap', '`on` or `off`', flag),
  setting('TWOKEY_ADMIN', 'admin', '`1` or `0`', flag),
  setting('TWOKEY_FSYNC', 'fsync', '`1` or `0`', flag),
  setting('TWOKEY_LOG', 'log', '`off`, `error`, `denials` or `requests`', oneOf('off', 'error', 'denials', 'requests')),
  setting('TWOKEY_ID_SEED', 'idSeed', 'any text', nonEmpty),
  setting(
    'TWOKEY_QUOTAS',
    'quotas',
    '`off`, `aws`, or a list like `CreateKey=5,CryptographicOperationsSymmetric=100`',
    quotas,
  ),
  setting('TWOKEY_ASYNC_DELAY', 'asyncDelay', 'a number of milliseconds from 0 to 86400000', milliseconds),
  setting('TWOKEY_NITRO_ROOT', 'nitroRoot', 'a PEM file', nonEmpty),
  setting(
    'TWOKEY_XKS_ENDPOINTS',
    'xksEndpoints',
    'pairs like `https://xks.example.com=http://127.0.0.1:9000` with commas between, each endpoint once, no port before the `=`, no paths',
    endpoints,
  ),
  setting('TWOKEY_UPSTREAM', 'upstreams', 'addresses like `http://moto:5000,sqs=http://elasticmq:9324`', upstreams),
  setting('TWOKEY_UPSTREAM_TIMEOUT', 'upstreamTimeout', 'a number of milliseconds from 1 to 86400000', timeout),
] as const

/**
 * Settings from environment variables. Throws SettingsError with a sentence for each mistake, unknown `TWOKEY_` names included.
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const faults: string[] = []
  const values: Record<string, unknown> = { ...DEFAULTS }
  for (const { variable, key, read, expects } of SETTINGS) {
    const text = environment[variable]
    if (text === undefined || text === '') continue
    const value = readOne(read, text, faults)
    if (value === undefined) faults.push(`${variable} is \`${text}\`; it must be ${expects}`)
    else values[key] = value
  }
  const known = new Set<string>(SETTINGS.map(({ variable }) => variable))
  for (const name of Object.keys(environment)) {
    if (name.startsWith('TWOKEY_') && !known.has(name) && !OTHERS.has(name)) {
      faults.push(`${name} is not a setting; the settings are ${[...known].join(', ')}`)
    }
  }
  if (faults.length > 0) throw new SettingsError(faults.join('\n'))
  const settings = values as unknown as Settings
  refuseCircle(settings)
  return settings
}

function refuseCircle({ upstreams: given, host, port: plain, tlsPort }: Settings): void {
  const circle = given && ownAddress(given, host, tlsPort === undefined ? [plain] : [plain, tlsPort])
  if (circle === undefined) return
  throw new SettingsError(
    `TWOKEY_UPSTREAM gives \`${circle}\`, which is this emulator itself; give the address of another mock service`,
  )
}

/** A setting of several parts tells each of its mistakes itself. */
function readOne(read: (text: string) => unknown, text: string, faults: string[]): unknown {
  try {
    return read(text)
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    faults.push(error.message)
    return null
  }
}

/** Read by the command line tools, not by the emulator. */
const OTHERS: ReadonlySet<string> = new Set(['TWOKEY_URL'])

/** The account a bootstrap access key stands for (DESIGN §8), or undefined when it is not one. */
export function bootstrapAccount(accessKeyId: string): string | undefined {
  if (accessKeyId === 'test') return '000000000000'
  return isAccountId(accessKeyId) ? accessKeyId : undefined
}

/** The secret of every bootstrap credential. */
export const BOOTSTRAP_SECRET = 'test'

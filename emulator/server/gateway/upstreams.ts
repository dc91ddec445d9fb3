/** Where requests go that Twokey does not serve itself (TWOKEY_UPSTREAM). */
export interface Upstreams {
  /** The origin of an upstream (`http://moto:5000`) by the signing name of the service that it was given for. */
  readonly byService: ReadonlyMap<string, string>
  /** For every service that Twokey does not have and that is not among those. */
  readonly others: string | undefined
}

/** A SigV4 signing name: `dynamodb`, `cognito-idp`. */
const SERVICE = /^[a-z\d][a-z\d.-]{0,62}$/i

/**
 * `http://moto:5000`, or `dynamodb=http://dynamodb:8000,sqs=http://elasticmq:9324`, or both: the one without a name is for everything
 * else.
 * @returns a sentence for each mistake instead, where there are any
 */
export function parseUpstreams(text: string): Upstreams | readonly string[] {
  const byService = new Map<string, string>()
  let others: string | undefined
  const faults: string[] = []
  for (const entry of text.split(',').map((part) => part.trim())) {
    const mark = entry.indexOf('=')
    const service = mark < 0 ? undefined : entry.slice(0, mark).trim()
    const target = entry.slice(mark + 1).trim()
    if (!isOrigin(target)) faults.push(noOrigin(target, service))
    else if (service === undefined) {
      if (others !== undefined)
        faults.push(`TWOKEY_UPSTREAM gives two addresses without a service, \`${others}\` and \`${target}\``)
      others = new URL(target).origin
    } else if (!SERVICE.test(service)) {
      faults.push(
        `TWOKEY_UPSTREAM names \`${service}\`, which is no service's signing name like \`dynamodb\` or \`sqs\``,
      )
    } else if (byService.has(service)) faults.push(`TWOKEY_UPSTREAM gives \`${service}\` twice`)
    else byService.set(service, new URL(target).origin)
  }
  return faults.length > 0 ? faults : { byService, others }
}

function noOrigin(target: string, service: string | undefined): string {
  const whose = service === undefined ? '' : ` for \`${service}\``
  return `TWOKEY_UPSTREAM gives \`${target}\`${whose}; it must be an address like \`http://moto:5000\`, without a path, user or query`
}

/** Scheme, host and perhaps a port, and nothing else; a slash at the end is forgiven. */
function isOrigin(text: string): boolean {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return false
  const { pathname, search, hash, username, password } = new URL(text)
  return pathname === '/' && search + hash + username + password === ''
}

/** All addresses, once each. */
export const addressesOf = ({ byService, others }: Upstreams): ReadonlySet<string> =>
  new Set([...byService.values(), ...(others === undefined ? [] : [others])])

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]', '0.0.0.0', '[::]'])

/** The upstream that is the emulator's own address: requests would go round in a circle. */
export function ownAddress(upstreams: Upstreams, host: string, ports: readonly number[]): string | undefined {
  const own = host.includes(':') ? `[${host}]` : host
  const isHere = (name: string) => name === own || (LOOPBACK.has(name) && (LOOPBACK.has(own) || own === ''))
  for (const address of addressesOf(upstreams)) {
    const { hostname, port, protocol } = new URL(address)
    const at = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
    if (at !== 0 && ports.includes(at) && isHere(hostname)) return address
  }
  return undefined
}

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from '@jest/globals'
import { readSettings } from '../../emulator/server/settings.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const compose = readFileSync(`${root}docker-compose.yml`, 'utf8')

/** The text of each service: what stands deeper than its name. */
const services = new Map(
  [...compose.matchAll(/^ {2}([\w-]+):\n((?: {4,}.*\n|\s*\n| *#.*\n)+)/gm)].map(([, name = '', text = '']) => [
    name,
    text,
  ]),
)

describe('docker-compose.yml', () => {
  it('is Twokey with settings that it takes, in front of a service that is there', () => {
    const pairs = [...(services.get('twokey') ?? '').matchAll(/^ +(TWOKEY_\w+): (.+)$/gm)]
    const settings = readSettings(Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value])))
    expect(existsSync(root + (settings.seed ?? ''))).toBe(true)
    const [[service, address] = []] = settings.upstreams?.byService ?? []
    expect({ service, address }).toEqual({ service: 'dynamodb', address: 'http://dynamodb-mock:8000' })
    expect([...services.keys()]).toEqual(['twokey', 'dynamodb-mock'])
  })

  it('lets nobody reach the mock past Twokey', () => {
    expect(services.get('dynamodb-mock')).toContain('/mock/tables.mjs')
    expect(existsSync(`${root}fixtures/compose/tables.mjs`)).toBe(true)
    expect(services.get('dynamodb-mock')).not.toMatch(/^ +ports:/m)
    expect(services.get('twokey')).toMatch(/^ +ports: \['127\.0\.0\.1:4566:4566'\]$/m)
  })
})

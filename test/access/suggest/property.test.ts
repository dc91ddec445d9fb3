import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { seeded } from '../../support/seeded.ts'
import { suggest } from '../../../emulator/access/suggest/suggest.ts'
import { asks, change, decide, family, PROBES, worlds, type Ask, type World } from './world.ts'

const same = (a: Ask, b: Ask) =>
  family(a.principal) === family(b.principal) && a.action === b.action && a.resource === b.resource

const verdicts = (world: World) => PROBES.map((ask) => decide(world, ask).allowed)
const told = ({ principal, action, resource, context }: Ask) =>
  `${'arn' in principal ? principal.arn : family(principal)} ${action} ${resource} ${String(context)}`

describe('suggestions in random worlds', () => {
  it('each lets the request through, and nothing else', () => {
    const seen = { denials: 0, beyond: 0, suggestions: 0, wider: 0 }
    fc.assert(
      fc.property(worlds, fc.array(asks, { minLength: 3, maxLength: 3 }), (world, some) => {
        let before: boolean[] | undefined
        for (const ask of some) {
          const decision = decide(world, ask)
          const suggestions = suggest(decision)
          if (decision.allowed) {
            expect(suggestions).toEqual([])
            continue
          }
          seen.denials++
          expect(suggestions).not.toEqual([])
          for (const { changes } of suggestions) {
            if (changes.some(({ kind }) => kind === 'acl-or-other')) {
              // Nothing that a policy could do: no credentials where some are needed.
              expect(['anonymous', 'service']).toContain(ask.principal.kind)
              seen.beyond++
              continue
            }
            seen.suggestions++
            const after = changes.reduce((made, each) => change(made, each, ask), world)
            const { allowed, layer } = decide(after, ask)
            expect({ changes, allowed, layer, ask: told(ask) }).toMatchObject({ allowed: true })
            const wider = changes.some(({ alsoOpens }) => alsoOpens !== undefined)
            if (wider) seen.wider++
            before ??= verdicts(world)
            const now = verdicts(after)
            const differ = PROBES.filter((probe, i) => {
              if (before?.[i] === now[i] || same(probe, ask)) return false
              // What a change says it opens besides is for the same caller, and closes nothing.
              return !(wider && now[i] && family(probe.principal) === family(ask.principal))
            })
            expect({ changes, differ: differ.slice(0, 4).map(told) }).toEqual({ changes, differ: [] })
          }
        }
      }),
      { numRuns: 150, ...seeded() },
    )
    // It has not looked away: there were denials of every kind, and few that could not be opened narrowly.
    expect(seen.denials).toBeGreaterThan(200)
    expect(seen.suggestions).toBeGreaterThan(seen.denials)
    expect(seen.wider).toBeLessThan(seen.suggestions / 5)
    expect(seen.beyond).toBeLessThan(seen.denials / 5)
  })
})

/**
 * The same worlds in every run, so that a change is judged by itself; `SEED=random` (or a number) looks at others.
 * @returns what fast-check's `assert` takes
 */
export function seeded(): { seed?: number } {
  const { SEED = '2026' } = process.env
  return SEED === 'random' ? {} : { seed: Number(SEED) }
}

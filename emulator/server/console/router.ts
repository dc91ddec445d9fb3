import { existsSync, readFileSync } from 'node:fs'
import { Router } from 'express'
import { BECAUSE } from '../../access/becauseText.ts'
import { LAYER } from '../../access/explainText.ts'
import { FAILURES } from '../../audit/decisionText.ts'

/** The page's own files, and how each is served. Nothing else is, whatever a path says. */
const ASSETS: ReadonlyMap<string, string> = new Map([
  ...['base.css', 'requests.css', 'decision.css', 'panels.css'].map((name) => [name, 'text/css'] as const),
  ...['theme', 'main', 'dom', 'door', 'live', 'requests', 'requestList', 'decision', 'gates', 'layers', 'document']
    .concat(['suggestions', 'words', 'keys', 'usage', 'clock', 'confirm'])
    .map((name) => [`${name}.js`, 'text/javascript'] as const),
  ['icon.svg', 'image/svg+xml'],
])

/**
 * Everything comes from here and nothing is written into the page: no inline script or style, no other origin, and (Trusted Types)
 * no text that becomes markup, even by mistake. What the page shows was sent by whoever called the emulator.
 */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // The files belong to this version of the emulator; they are small, and it is near.
  'cache-control': 'no-cache',
}

/** As far as from this file, and from the built program (`dist/emulator/chunks/`). */
const PAGE = ['./page/', '../server/console/page/']
  .map((path) => new URL(path, import.meta.url))
  .find((path) => existsSync(path))

const read = (name: string) => readFileSync(new URL(name, PAGE))

/** The console: one page for people, its files, and the words it shares with `twokey explain`. */
export function consoleRouter(): Router {
  // Strict: the page's relative addresses are true without a slash at its end only.
  const router = Router({ strict: true })
  router.use((_req, res, next) => {
    res.set(HEADERS)
    next()
  })
  router.get('/console', (_req, res) => {
    res.type('text/html').send(read('index.html'))
  })
  router.get('/console/', (_req, res) => {
    res.redirect('../console')
  })
  router.get('/console/words.json', (_req, res) => {
    res.json({ because: BECAUSE, layers: LAYER, failures: FAILURES })
  })
  router.get('/console/:asset', (req, res, next) => {
    const type = ASSETS.get(req.params.asset)
    if (type === undefined) next()
    else res.type(type).send(read(req.params.asset))
  })
  return router
}

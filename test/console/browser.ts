import { existsSync } from 'node:fs'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { needs } from '../support/commands.ts'

/** Debian's Chromium, or another that TWOKEY_CHROMIUM names. */
const CHROMIUM = [process.env['TWOKEY_CHROMIUM'], '/usr/bin/chromium'].find(
  (path) => path !== undefined && existsSync(path),
)

/** A test that needs a real browser. */
export const inBrowser = needs(CHROMIUM !== undefined, 'Chromium')

/** The console in a browser of its own; nothing is started before the first page is asked for. */
export interface Console {
  /** A page in a fresh profile, at `#/…` or at the beginning. */
  open(hash?: string, options?: BrowserContextOptions): Promise<Page>
  /** What any page wrote to the browser's console or threw: refused scripts, failed requests. */
  readonly complaints: string[]
  /** Every address that any page asked for. */
  readonly addresses: readonly string[]
  close(): Promise<void>
}

/** @param url of the emulator */
export function openConsole(url: () => string): Console {
  let browser: Promise<Browser> | undefined
  const complaints: string[] = []
  const addresses: string[] = []
  return {
    complaints,
    addresses,
    async open(hash = '', options = {}) {
      // As root, which a container's tests run as, Chromium has no sandbox.
      browser ??= chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] })
      const context = await (
        await browser
      ).newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...options })
      context.setDefaultTimeout(20_000)
      await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: url() })
      const page = await context.newPage()
      page.on('request', (request) => addresses.push(request.url()))
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text())
      })
      await page.goto(`${url()}/_twokey/console${hash}`)
      await page.getByText('live', { exact: true }).waitFor()
      return page
    },
    async close() {
      await (await browser)?.close()
    },
  }
}

// What `evaluate` is given runs in the browser. The emulator itself is compiled without its names (tsconfig.build.json).
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { CreateAliasCommand, DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms'
import { GetUserPolicyCommand, IAMClient } from '@aws-sdk/client-iam'
import type { Page } from 'playwright-core'
import type { Outcome } from '../../emulator/audit/recorder.ts'
import { ACCOUNT, startEmulator } from '../support/emulator.ts'
import { allow, policy, refusal, startWorld, type Person, type World } from '../services/s3/support.ts'
import { inBrowser, openConsole } from './browser.ts'

const BUCKET = 'shown'
const EVIL = '<img src=x onerror="window.hit=1">'
const ROOT = { Sid: 'Root', Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'kms:*' }

let world: World
/** May read objects, but has no word on keys. */
let reader: Person
/** The key policy denies it. */
let barred: Person
/** May use keys through another service only. */
let limited: Person
let keyArn: string
const twokey = openConsole(() => world.emulator.url)

beforeAll(async () => {
  world = await startWorld(BUCKET)
  reader = await world.user('reader', allow('s3:GetObject'))
  barred = await world.user('barred', allow(['s3:GetObject', 'kms:Decrypt']))
  limited = await world.user('limited', allow('s3:*'), {
    ...allow('kms:Decrypt'),
    Condition: { StringEquals: { 'kms:ViaService': 'ec2.us-east-1.amazonaws.com' } },
  })
  const denial = { Sid: 'NotThisOne', Effect: 'Deny', Principal: { AWS: barred.arn }, Action: 'kms:Decrypt' }
  keyArn = await world.key(policy({ ...ROOT, Resource: '*' }, { ...denial, Resource: '*' }))
  await world.kms.send(new CreateAliasCommand({ AliasName: 'alias/shown', TargetKeyId: keyArn }))
  for (const Key of ['item', EVIL]) {
    const encryption = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keyArn } as const
    await world.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'x', ...encryption }))
  }
}, 60_000)
afterAll(async () => {
  await twokey.close()
  await world.stop()
})

const read = (person: Person, Key = 'item') => person.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }))
/** Runs into a refusal and opens it. */
async function denial(person: Person, options = {}): Promise<Page> {
  await refusal(read(person))
  const [latest] = world.emulator.emulator.decisions.list({ limit: 1 })
  const page = await twokey.open(`#/requests/${latest!.requestId}`, options)
  await page.locator('.way').waitFor()
  return page
}
const texts = async (page: Page, selector: string) => (await page.locator(selector).allInnerTexts()).map(oneLine)
const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ').trim()
const rows = (page: Page) => page.locator('.requests > li')

describe('the list of requests', () => {
  inBrowser('gets a denial as it happens, says so, and opens it by the keyboard alone', async () => {
    const page = await twokey.open()
    await rows(page).first().waitFor()
    const before = await rows(page).count()
    await refusal(read(reader))
    await page.waitForFunction((count) => document.querySelectorAll('.requests > li').length > count, before)
    expect(await texts(page, '.requests > li:first-child')).toEqual([
      expect.stringMatching(/^s3:GetObject \d\d:\d\d:\d\d user\/reader → shown\/item denied$/),
    ])
    expect(await page.locator('#announcer').innerText()).toBe('Denied: s3:GetObject by user/reader')

    const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '')
    await page.getByRole('combobox', { name: 'Account' }).focus()
    await page.keyboard.press('Tab')
    expect(await focused()).toContain('PutObject')
    await page.keyboard.press('ArrowUp')
    expect(await focused()).toContain('user/reader')
    expect(await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle)).toBe('solid')
    await page.keyboard.press('End')
    expect(await page.evaluate(() => document.activeElement?.closest('li')?.nextElementSibling)).toBeNull()
    await page.keyboard.press('Home')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 's3:GetObject', exact: true }).waitFor()
    expect(page.url()).toMatch(/#\/requests\/\w+$/)
    await page.keyboard.press('Escape')
    expect(await focused()).toContain('user/reader')
    // Of all rows one is in the tab order.
    expect(await page.locator('.requests a[tabindex="0"]').count()).toBe(1)
  })

  inBrowser('is narrowed by verdict, text and account, and can be held', async () => {
    const other = await world.user('other', allow('kms:ListKeys'))
    await refusal(read(other))
    const page = await twokey.open()
    await rows(page).first().waitFor()
    await page.getByRole('radio', { name: 'Denied' }).check()
    await page.waitForFunction(() => !document.querySelector('.request.allowed'))
    expect(await rows(page).count()).toBeGreaterThan(0)
    await page.getByRole('searchbox', { name: 'Find' }).fill('user/OTHER')
    expect(await texts(page, '.requests .who')).toEqual(['user/other → shown/item'])
    expect(await page.locator('.count').innerText()).toMatch(
      /^1 of the latest \d+ requests fit; the others are hidden\.$/,
    )
    await page.getByRole('searchbox', { name: 'Find' }).fill('')
    await page.getByRole('combobox', { name: 'Account' }).selectOption(ACCOUNT)
    expect(await rows(page).count()).toBeGreaterThan(0)

    const before = await rows(page).count()
    await page.getByRole('button', { name: 'Hold' }).click()
    await refusal(read(other))
    await page.getByRole('button', { name: 'Go on (1)' }).waitFor()
    expect(await rows(page).count()).toBe(before)
    await page.getByRole('button', { name: 'Go on (1)' }).click()
    await page.waitForFunction((count) => document.querySelectorAll('.requests > li').length === count, before + 1)
  })

  inBrowser('stays bounded under traffic, and begins anew with the emulator', async () => {
    const quiet = await startEmulator()
    const watched = openConsole(() => quiet.url)
    const page = await watched.open()
    await page.getByRole('heading', { name: 'Nothing has been asked yet' }).waitFor()
    expect(await page.locator('.nothing pre').allInnerTexts()).toEqual([
      `curl -d @fixtures/worlds/two-minutes.json ${quiet.url}/_twokey/worlds`,
      `export AWS_ENDPOINT_URL=${quiet.url} AWS_DEFAULT_REGION=us-east-1\n` +
        'export AWS_ACCESS_KEY_ID=AKIAREADER0000000001 AWS_SECRET_ACCESS_KEY=reader-secret\n' +
        'aws s3 cp s3://secrets/report.txt -',
    ])
    for (let index = 0; index < 1500; index++) quiet.emulator.recorder.record(outcome(`request-${String(index)}`))
    await page.getByText('kms:Encrypt').first().waitFor()
    await page.waitForFunction(() => document.querySelectorAll('.requests > li').length === 500)
    expect(await page.locator('.requests > li:first-child a').getAttribute('href')).toBe('#/requests/request-1499')
    quiet.emulator.reset()
    await page.getByRole('heading', { name: 'Nothing has been asked yet' }).waitFor()
    expect(await rows(page).count()).toBe(0)

    // Comes back by itself when the emulator does, and shows what it has missed.
    const port = Number(new URL(quiet.url).port)
    await quiet.stop()
    await page.getByText('reconnecting', { exact: true }).waitFor()
    const again = await startEmulator({ port })
    again.emulator.recorder.record(outcome('meanwhile'))
    await page.getByText('live', { exact: true }).waitFor()
    await page.locator('a[href="#/requests/meanwhile"]').waitFor()
    await watched.close()
    await again.stop()
  })
})

const outcome = (requestId: string): Outcome => ({
  requestId,
  time: 0,
  service: 'kms',
  operation: 'Encrypt',
  region: 'us-east-1',
  caller: { principal: { kind: 'anonymous' }, accessKeyId: undefined, policies: () => ({ identity: [] }) },
  http: { sourceIp: '127.0.0.1', userAgent: '', secure: true, host: '' },
  status: 200,
  error: undefined,
  trace: undefined,
})

describe('a decision', () => {
  inBrowser('is drawn as a way through two gates, with the deciding statement marked in its document', async () => {
    const page = await denial(barred)
    expect(await texts(page, '.way > li')).toEqual([
      'Caller user/barred',
      'Data gate open s3:GetObject',
      'Key gate shut kms:Decrypt',
      'Refused HTTP 403',
    ])
    expect(await texts(page, '.said p')).toEqual([
      `AccessDenied User: ${barred.arn} is not authorized to perform: kms:Decrypt on resource: ${keyArn} with an explicit deny in a resource-based policy`,
    ])
    // The shut gate tells its story; the open one when asked.
    expect(await texts(page, 'details.gate-story[open] > summary')).toEqual(['Key gate shut kms:Decrypt'])
    expect(await texts(page, 'details[open] > .facts')).toEqual([
      `Called by s3.us-east-1.amazonaws.com Encryption context aws:s3:arn = arn:aws:s3:::${BUCKET}/item`,
    ])
    expect(await texts(page, 'details[open] .reason')).toEqual([
      'Denied: an explicit Deny in the key policy, statement 2 (NotThisOne). No Allow outweighs it.',
    ])
    expect(await texts(page, 'details.gate-story[open] .told')).toEqual([
      'Key policy Deny decided here statement 2 (NotThisOne)',
      'Identity policies Allow inline, statement 1',
    ])
    expect(await page.locator('details.gate-story[open] mark.statement.decided .json').allInnerTexts()).toEqual([
      [
        '    {',
        '      "Sid": "NotThisOne",',
        '      "Effect": "Deny",',
        '      "Principal": {',
        `        "AWS": "${barred.arn}"`,
        '      },',
        '      "Action": "kms:Decrypt",',
        '      "Resource": "*"',
        '    }',
      ].join('\n'),
    ])
    expect(await texts(page, 'details.gate-story[open] mark :is(.label, .why)')).toEqual([
      'this decided',
      '✓ applies: Deny',
    ])
  })

  inBrowser('shows what came close: what the condition wants, and what the request has', async () => {
    const page = await denial(limited)
    expect(await texts(page, '.miss')).toEqual([
      'It came close inline, statement 2: all but its condition fits; the value differs. ' +
        'StringEquals kms:ViaService wants ec2.us-east-1.amazonaws.com has s3.us-east-1.amazonaws.com',
    ])
    expect(await texts(page, 'mark.nearly :is(.label, .why)')).toEqual([
      'nearly',
      'does not apply: StringEquals kms:ViaService wants ec2.us-east-1.amazonaws.com, the request has s3.us-east-1.amazonaws.com',
    ])
  })

  inBrowser('carries suggestions that can be copied, and that help', async () => {
    const page = await denial(reader)
    await page
      .getByRole('button', { name: /^Copy what to write in .*reader/ })
      .first()
      .click()
    await page.getByText('Copied').waitFor()
    const statement = JSON.parse(await page.evaluate(() => navigator.clipboard.readText())) as object
    expect(statement).toMatchObject({ Effect: 'Allow', Action: 'kms:Decrypt', Resource: keyArn })

    const iam = world.emulator.client(IAMClient)
    const { PolicyDocument = '' } = await iam.send(
      new GetUserPolicyCommand({ UserName: 'reader', PolicyName: 'inline' }),
    )
    const { Statement } = JSON.parse(decodeURIComponent(PolicyDocument)) as { Statement: object[] }
    await world.allow('reader', ...Statement, statement)
    expect(await (await read(reader)).Body?.transformToString()).toBe('x')
    await page.locator('.requests > li:first-child .request.allowed').waitFor()
    await world.allow('reader', ...Statement)
  })

  inBrowser('tells a failure from a denial, and what to do about it', async () => {
    await world.kms.send(new DisableKeyCommand({ KeyId: keyArn }))
    const page = await denial({ ...reader, s3: world.s3 })
    await world.kms.send(new EnableKeyCommand({ KeyId: keyArn }))
    expect(await texts(page, '.way .word')).toEqual(['', 'open', 'open, but it failed', ''])
    expect(await texts(page, '.failure')).toEqual([
      `DisabledException ${keyArn} is disabled. What would help: the key is disabled; kms:EnableKey enables it.`,
    ])
  })

  inBrowser('says when it is not remembered', async () => {
    const page = await twokey.open('#/requests/never')
    await page.getByRole('heading', { name: 'This request is not remembered' }).waitFor()
    expect(twokey.complaints.splice(0)).toEqual([expect.stringContaining('404')])
  })

  inBrowser('shows what others wrote as text, whatever it says', async () => {
    const stranger = await world.user('stranger', { ...allow('s3:GetObject', `arn:aws:s3:::${BUCKET}/${EVIL}`) })
    await refusal(read(stranger, EVIL))
    const [latest] = world.emulator.emulator.decisions.list({ limit: 1 })
    const page = await twokey.open(`#/requests/${latest!.requestId}`)
    await page.locator('.way').waitFor()
    for (const summary of await page.locator('summary').all())
      if (!(await summary.evaluate((element) => (element.parentElement as HTMLDetailsElement).open)))
        await summary.click()
    expect(await page.locator('.document').first().innerText()).toContain(JSON.stringify(EVIL).slice(1, -1))
    expect(await page.locator('.requests > li:first-child .who').innerText()).toContain(EVIL)
    expect(await page.locator('main img, main script').count()).toBe(0)
    expect(await page.evaluate(() => (globalThis as { hit?: number }).hit)).toBeUndefined()
  })
})

describe('keys, usage and the clock', () => {
  inBrowser('shows keys with their policies and grants', async () => {
    const page = await twokey.open('#/keys')
    await page.getByRole('link', { name: 'alias/shown' }).click()
    await page.getByRole('heading', { name: 'alias/shown' }).waitFor()
    expect(await page.locator('.detail .document').innerText()).toContain('"Sid": "NotThisOne"')
    expect(await texts(page, '.detail .facts')).toEqual([expect.stringContaining(keyArn)])
    await page.getByText('Nobody uses this key by a grant.').waitFor()
  })

  inBrowser('adds up what KMS was asked', async () => {
    const page = await twokey.open('#/usage')
    await page.getByRole('heading', { name: 'Usage and cost' }).waitFor()
    await page.getByRole('rowheader', { name: 's3' }).waitFor()
    expect(await texts(page, '.figures dt')).toEqual(['Requests to KMS', 'Saved by Bucket Keys', 'Keys kept', 'Total'])
  })

  inBrowser('moves the clock and empties everything only when that is confirmed', async () => {
    const own = await startEmulator()
    own.emulator.recorder.record(outcome('kept'))
    const watched = openConsole(() => own.url)
    const page = await watched.open('#/clock')
    const dialog = page.getByRole('dialog')
    await page.getByRole('button', { name: '+ 8 days' }).click()
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    expect(own.emulator.clock.offset).toBe(0)
    await page.getByRole('textbox', { name: 'Duration' }).fill('P1D')
    await page.keyboard.press('Enter')
    await dialog.getByRole('button', { name: 'Move by P1D' }).click()
    await page.getByText('The clock was moved by P1D.').waitFor()
    expect(own.emulator.clock.offset).toBe(86_400_000)
    await page.locator('#now').getByText('+1 d').waitFor()

    await page.getByRole('button', { name: 'Empty everything …' }).click()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    expect(own.emulator.decisions.list({ limit: 1 })).toHaveLength(1)
    await page.getByRole('button', { name: 'Empty everything …' }).click()
    await dialog.getByRole('button', { name: 'Empty everything', exact: true }).click()
    await page.getByText('Everything is empty.').waitFor()
    expect(own.emulator.decisions.list({ limit: 1 })).toHaveLength(0)
    expect(own.emulator.clock.offset).toBe(0)
    await watched.close()
    await own.stop()
  })
})

describe('for everybody', () => {
  const VIEWS = ['#/requests', '#/keys', '#/usage', '#/clock'] as const

  inBrowser('is readable in light and dark, by contrast and not by colour alone', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await denial(limited, { colorScheme })
      expect(await faint(page)).toEqual([])
      for (const hash of [...VIEWS, `#/keys/${encodeURIComponent(keyArn)}`]) {
        await page.evaluate((to) => (location.hash = to), hash)
        await page.waitForTimeout(150)
        expect(await faint(page)).toEqual([])
      }
    }
  })

  inBrowser('fits a phone: no page is wider than the screen', async () => {
    const phone = { viewport: { width: 360, height: 740 } }
    const page = await denial(barred, phone)
    const width = () => page.evaluate(() => document.documentElement.scrollWidth)
    for (const summary of await page.locator('summary').all())
      if (!(await summary.evaluate((element) => (element.parentElement as HTMLDetailsElement).open)))
        await summary.click()
    expect(await width()).toBe(360)
    await page.getByRole('link', { name: '← All requests' }).click()
    for (const hash of [...VIEWS, `#/keys/${encodeURIComponent(keyArn)}`]) {
      await page.evaluate((to) => (location.hash = to), hash)
      await page.waitForTimeout(150)
      expect([hash, await width()]).toEqual([hash, 360])
    }
  })

  inBrowser('follows the system into the dark, and remembers a choice made here', async () => {
    const page = await twokey.open('', { colorScheme: 'dark' })
    const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
    expect(await paper()).toBe('rgb(19, 21, 25)')
    await page.getByRole('button', { name: 'Switch between light and dark' }).click()
    expect(await paper()).toBe('rgb(248, 246, 242)')
    await page.reload()
    expect(await paper()).toBe('rgb(248, 246, 242)')
  })

  inBrowser('has landmarks, and keeps still where motion is not wanted', async () => {
    const page = await twokey.open()
    await rows(page).first().waitFor()
    for (const role of ['banner', 'navigation', 'main', 'search'] as const)
      expect(await page.getByRole(role).count()).toBe(1)
    const moving = () =>
      page.evaluate(() => {
        const row = document.querySelector('.requests > li')
        row?.classList.add('new')
        return getComputedStyle(row!).animationName
      })
    expect(await moving()).toBe('none')
    await page.emulateMedia({ reducedMotion: 'no-preference' })
    expect(await moving()).toBe('arrive')
  })

  // Last: what all tests before have asked for.
  inBrowser('needs nothing from elsewhere, and breaks none of its own rules', () => {
    expect(new Set(twokey.addresses.map((address) => new URL(address).origin))).toEqual(new Set([world.emulator.url]))
    expect(twokey.addresses.length).toBeGreaterThan(100)
    expect(twokey.complaints).toEqual([])
    return Promise.resolve()
  })
})

/** Texts whose contrast with what they stand on is below what WCAG AA asks for. */
function faint(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!
    type Colour = [number, number, number, number]
    const colour = (css: string): Colour => {
      pen.clearRect(0, 0, 1, 1)
      pen.fillStyle = css
      pen.fillRect(0, 0, 1, 1)
      return [...pen.getImageData(0, 0, 1, 1).data] as Colour
    }
    const over = (top: Colour, below: Colour): Colour => {
      const alpha = top[3] / 255
      const mixed = ([0, 1, 2] as const).map((i) => top[i] * alpha + below[i] * (1 - alpha))
      return [mixed[0]!, mixed[1]!, mixed[2]!, 255]
    }
    const ground = (element: Element | null): Colour =>
      element
        ? over(colour(getComputedStyle(element).backgroundColor), ground(element.parentElement))
        : [255, 255, 255, 255]
    const light = ([r, g, b]: Colour) => {
      const [x, y, z] = [r, g, b].map((c) => (c <= 10.31 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4))
      return 0.2126 * x! + 0.7152 * y! + 0.0722 * z!
    }
    const found: string[] = []
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement!
      if (node.textContent?.trim() === '' || !element.checkVisibility() || element.closest('.unseen, option')) continue
      const { color, fontSize, fontWeight } = getComputedStyle(element)
      const on = ground(element)
      const [a, b] = [light(over(colour(color), on)), light(on)]
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
      const large = parseFloat(fontSize) >= 24 || (parseFloat(fontSize) >= 18.66 && Number(fontWeight) >= 700)
      if (ratio < (large ? 3 : 4.5)) found.push(`${ratio.toFixed(2)}: ${node.textContent ?? ''}`)
    }
    return found
  })
}

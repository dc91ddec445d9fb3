import { expect } from '@jest/globals'
import { readFile } from 'node:fs/promises'
import { awsEnvironment, canRun, needs, run } from '../support/commands.ts'
import { decisionText } from '../../emulator/audit/decisionText.ts'
import { ACCOUNT, rootOf, startEmulator } from '../support/emulator.ts'

const test = needs(canRun('aws', '--version') && canRun('bash', '--version'), 'the AWS CLI')

const [, story = ''] = /## A snapshot for another account\n(.*?)\n## /s.exec(
  await readFile(new URL('../../README.md', import.meta.url), 'utf8'),
) ?? ['']
const blocks = (language: string) =>
  [...story.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text)
const normal = (text: string) => text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<key>')

test("the README's story of a shared snapshot, as it is typed, prints what the README shows", async () => {
  const twokey = await startEmulator()
  try {
    const typed = blocks('sh').join('').replace('http://127.0.0.1:4566', twokey.url)
    const { stdout, stderr } = await run('bash', ['-c', typed], { env: awsEnvironment(twokey.url, rootOf(ACCOUNT)) })
    const [failed = '', explained = '', completed = ''] = blocks('text')
    expect(normal(`${stderr.trim()}\n${stdout}`)).toBe(normal(failed + completed))

    const [latest] = twokey.emulator.decisions.list({ limit: 1, deniedOnly: true })
    const view = twokey.emulator.decisions.get(latest?.requestId ?? '')
    expect(view && normal(decisionText(view, { color: false }))).toContain(normal(explained))
  } finally {
    await twokey.stop()
  }
}, 120_000)

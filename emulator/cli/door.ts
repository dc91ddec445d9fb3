import { CliError } from './cliError.ts'

/** Where the running emulator answers. */
export const emulatorUrl = () =>
  (process.env['TWOKEY_URL'] ?? `http://127.0.0.1:${process.env['TWOKEY_PORT'] ?? '4566'}`).replace(/\/$/, '')

/**
 * Asks the admin door of a running emulator. Throws CliError when nothing answers, or with the door's own sentence.
 * @param path below `/_twokey`, with its slash
 * @param options.at where the emulator answers, if not at the usual place
 */
export async function ask(
  path: string,
  options: { readonly method?: 'GET' | 'POST'; readonly body?: unknown; readonly at?: string } = {},
): Promise<unknown> {
  const at = options.at ?? emulatorUrl()
  const url = `${at}/_twokey${path}`
  let response: Response
  try {
    response = await fetch(url, {
      method: options.method ?? 'GET',
      ...(options.body !== undefined && {
        body: typeof options.body === 'string' ? options.body : JSON.stringify(options.body),
        headers: { 'content-type': 'application/json' },
      }),
    })
  } catch {
    throw new CliError(`no emulator answers at ${at}; start one with \`npm start\`, or say where it is with TWOKEY_URL`)
  }
  const answer = (await response.json().catch(() => undefined)) as { error?: string } | undefined
  if (!response.ok) {
    throw new CliError(
      answer?.error ??
        `${url} answered ${String(response.status)}; is it Twokey, and is its admin door open (TWOKEY_ADMIN)?`,
    )
  }
  return answer
}

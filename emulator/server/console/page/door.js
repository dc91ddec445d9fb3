/** The admin door; the page lies in it. */
const DOOR = new URL('.', document.baseURI)

/**
 * The address of something behind the admin door: `decisions?limit=10`.
 * @param {string} path
 */
export const addressOf = (path) => new URL(path, DOOR)

/**
 * Asks the admin door. Throws an Error with its sentence, or with one about the emulator being away.
 * @param {string} path
 * @param {object} [body] is posted
 * @returns {Promise<unknown>}
 */
export async function ask(path, body) {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const answer = await fetch(addressOf(path), init).catch(() => undefined)
  if (!answer) throw new Error('the emulator does not answer; is it running?')
  // Whatever stands in front of the emulator may answer in other ways.
  const content = /** @type {unknown} */ (await answer.json().catch(() => ({})))
  if (answer.ok) return content
  const { error } = /** @type {{ error?: string }} */ (content)
  throw new Error(error ?? `the emulator answered ${String(answer.status)}`)
}

/** @type {(text: string) => unknown} */
export const parseJson = (text) => JSON.parse(text)

/** @param {unknown} error */
export const sentence = (error) => (error instanceof Error ? error.message : String(error))

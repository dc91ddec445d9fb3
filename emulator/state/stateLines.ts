import { isUtf8 } from 'node:buffer'
import type { Model } from './model.ts'

/** What `state.json` holds. */
export interface StateImage {
  version: number
  /** The first journal file to replay; 0 when the state stands for itself and no journal belongs to it. */
  journal: number
  readonly model: Model
}

const HEAD = /^\{"format":"twokey-state","version":(\d+),"journal":(\d+),"collections":\{$/

/**
 * The layout of `state.json`: JSON with one record per line, so that it can be read, compared, and loaded line by line.
 *
 *     {"format":"twokey-state","version":1,"journal":7,"collections":{
 *     "kms.keys":{
 *     "111122223333/us-east-1":{
 *     "1234abcd-…":{…},
 *     "5678efab-…":{…}
 *     }
 *     }
 *     }}
 */
export function* stateLines({ version, journal, model }: StateImage): Generator<string, void, undefined> {
  yield `{"format":"twokey-state","version":${String(version)},"journal":${String(journal)},"collections":{`
  let betweenCollections = '\n'
  for (const { name, tables } of [...model.collections.values()]) {
    let betweenScopes = `${betweenCollections}${JSON.stringify(name)}:{\n`
    for (const [scope, { rows }] of [...tables]) {
      let betweenRecords = `${betweenScopes}${JSON.stringify(scope)}:{\n`
      for (const [id, record] of rows.walk()) {
        yield `${betweenRecords}${JSON.stringify(id)}:${JSON.stringify(record)}`
        betweenRecords = ',\n'
      }
      if (betweenRecords !== ',\n') continue
      yield '\n}'
      betweenScopes = ',\n'
      betweenCollections = ',\n'
    }
    if (betweenScopes === ',\n') yield '\n}'
  }
  yield '\n}}\n'
}

/** Reads that layout, line by line. Throws a SyntaxError whose message quotes nothing: there are secrets in these lines. */
export class StateLines {
  /** The first line was the one that `stateLines` writes. */
  recognised = false
  readonly #image: StateImage
  #collection: string | undefined
  #rows: { set(id: string, record: unknown): void } | undefined
  #finished = false

  constructor(image: StateImage) {
    this.#image = image
  }

  take(line: Buffer): void {
    if (!this.recognised) {
      this.#takeHead(line.toString('latin1', 0, 200))
      return
    }
    if (!isUtf8(line)) throw new SyntaxError('it is not UTF-8')
    const text = line.toString('utf8')
    if (this.#finished) throw new SyntaxError('the state ended before')
    if (text.startsWith('"')) this.#takeMember(text)
    else this.#takeEnd(text)
  }

  /** Called after the last line; `rest` is the length of what follows it without a newline. */
  finish(rest: number): void {
    if (!this.#finished || rest > 0) throw new SyntaxError('the file is cut off')
  }

  #takeHead(line: string): void {
    const [, version, journal] = HEAD.exec(line) ?? []
    if (version === undefined || journal === undefined) throw new SyntaxError('it is not the head of a state')
    this.#image.version = Number(version)
    this.#image.journal = Number(journal)
    this.recognised = true
  }

  #takeMember(text: string): void {
    const end = closingQuote(text)
    if (text[end + 1] !== ':') throw new SyntaxError('it is not a record')
    const id = parse(text.slice(0, end + 1)) as string
    const value = text.slice(end + 2, text.endsWith(',') ? -1 : undefined)
    if (this.#rows) {
      this.#rows.set(id, parse(value))
    } else if (value !== '{') {
      throw new SyntaxError('a collection or scope should begin here')
    } else if (this.#collection === undefined) {
      this.#collection = id
    } else {
      this.#rows = this.#image.model.load(this.#collection, id)
    }
  }

  #takeEnd(text: string): void {
    if (text === '}}' && this.#collection === undefined) this.#finished = true
    else if ((text === '}' || text === '},') && this.#rows) this.#rows = undefined
    else if ((text === '}' || text === '},') && this.#collection !== undefined) this.#collection = undefined
    else throw new SyntaxError('it is not a record')
  }
}

/** Where the string that begins a line ends. */
function closingQuote(text: string): number {
  let at = 0
  for (;;) {
    at = text.indexOf('"', at + 1)
    if (at < 0) throw new SyntaxError('it is not a record')
    let slashes = 0
    while (text[at - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return at
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new SyntaxError('it is not JSON')
  }
}

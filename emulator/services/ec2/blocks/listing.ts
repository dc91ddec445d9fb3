import type { BlockState } from './state.ts'

/** A block that is there. */
export interface Block {
  readonly index: number
  readonly blob: string
}

type Reader = Pick<{ readonly state: BlockState }, 'state'>

const DIGITS = 9

export const blockId = (content: string, index: number): string => `${content}/${String(index).padStart(DIGITS, '0')}`

/** The contents that make one up, from itself to its farthest ancestor. */
export function lineage({ state }: Reader, content: string): string[] {
  const found: string[] = []
  for (let at: string | undefined = content; at !== undefined; at = state.contents.in().get(at)?.parent) found.push(at)
  return found
}

/** The block at an index: a content's own, or its nearest ancestor's. */
export function findBlock(reader: Reader, content: string, index: number): Block | undefined {
  for (const id of lineage(reader, content)) {
    const record = reader.state.blocks.in().get(blockId(id, index))
    if (record) return { index, blob: record.blob }
  }
  return undefined
}

/** All blocks from an index on, in order. Takes its time as it is walked: the logarithm of all that is stored per content. */
export function* blocksFrom(reader: Reader, content: string, from: number): Generator<Block, void, void> {
  const layers = lineage(reader, content).map((id) => new Walk(ownBlocks(reader, id, from)))
  for (;;) {
    const index = Math.min(...layers.map((layer) => layer.index))
    if (index === Infinity) return
    // The nearest comes first and so wins where several have a block.
    const [nearest] = layers.flatMap((layer) => layer.takeAt(index) ?? [])
    if (nearest) yield nearest
  }
}

/** The blocks that a content holds itself, its ancestors' left out. */
export function* ownBlocks({ state }: Reader, content: string, from: number): Generator<Block, void, void> {
  const prefix = `${content}/`
  for (const [id, { blob }] of state.blocks.in().entries({ from: blockId(content, from) })) {
    if (!id.startsWith(prefix)) return
    yield { index: Number(id.slice(prefix.length)), blob }
  }
}

/** How many blocks there are, ancestors' included. Walks them all. */
export function countBlocks(reader: Reader, content: string): number {
  let count = 0
  for (const { index } of blocksFrom(reader, content, 0)) if (index >= 0) count++
  return count
}

/** A block that is in one of two contents, or differs between them. */
export interface ChangedBlock {
  readonly index: number
  readonly first: Block | undefined
  readonly second: Block | undefined
}

/** What differs between two contents, from an index on: a block differs when it was written anew, whatever its bytes. */
export function* changesFrom(
  reader: Reader,
  first: string | undefined,
  second: string,
  from: number,
): Generator<ChangedBlock, void, void> {
  const left = new Walk(first === undefined ? NOTHING : blocksFrom(reader, first, from))
  const right = new Walk(blocksFrom(reader, second, from))
  while (left.head ?? right.head) {
    const index = Math.min(left.index, right.index)
    const before = left.takeAt(index)
    const after = right.takeAt(index)
    if (before?.blob !== after?.blob) yield { index, first: before, second: after }
  }
}

const NOTHING = ([] as Block[])[Symbol.iterator]()

/** Blocks in order, one at a time. */
class Walk {
  readonly #blocks: Iterator<Block>
  head: Block | undefined

  constructor(blocks: Iterator<Block>) {
    this.#blocks = blocks
    this.#step()
  }

  /** Of the next block; past every other at the end. */
  get index(): number {
    return this.head?.index ?? Infinity
  }

  /** The next block, if it stands at `index`. */
  takeAt(index: number): Block | undefined {
    if (this.index !== index) return undefined
    const { head } = this
    this.#step()
    return head
  }

  #step(): void {
    const next = this.#blocks.next()
    this.head = next.done === true ? undefined : next.value
  }
}

/** Whether one comes from the other, or both from a third. */
export function areRelated(reader: Reader, first: string, second: string): boolean {
  const ancestors = new Set(lineage(reader, first))
  return lineage(reader, second).some((id) => ancestors.has(id))
}

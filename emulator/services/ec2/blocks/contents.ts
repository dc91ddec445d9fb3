import { derivedSecret } from '../../../crypto/material.ts'
import { decryptRange, encryptStream } from '../../../crypto/objectCipher.ts'
import type { SecretBytes } from '../../../crypto/types.ts'
import type { Environment } from '../../../operation/call.ts'
import { ownSecret } from '../../../operation/ownSecret.ts'
import { blockId, blocksFrom } from './listing.ts'
import type { BlockState } from './state.ts'

/** Bytes (facts: B9). */
export const BLOCK_SIZE = 524_288
export const BLOCKS_PER_GIB = 2048
const ID_DIGITS = 24

/** What this folder needs of a call; work after the answer has no call. */
export interface BlockCall {
  readonly state: BlockState
  readonly env: Pick<Environment, 'store' | 'blobs' | 'ids'>
}

/** What a block's ciphertext belongs to: blobs cannot be exchanged behind EBS's back. */
const identityOf = (blob: string) => `ebs ${blob}`

const records = ({ state }: BlockCall) => state.contents.in()

/**
 * A new content, with one reference. Within a transaction.
 * @param parent what it continues; its data key is the same
 */
export function createContent(call: BlockCall, parent?: string): string {
  const id = call.env.ids.hex(ID_DIGITS)
  if (parent !== undefined) share(call, parent)
  records(call).put(id, { parent, references: 1 })
  return id
}

/** Somebody else needs it, too. Within a transaction. */
export function share(call: BlockCall, content: string): void {
  const record = records(call).get(content)
  if (!record) throw new Error(`no content ${content}`)
  records(call).put(content, { ...record, references: record.references + 1 })
}

/**
 * Somebody does not need it any more. Within a transaction.
 * @returns blobs that nothing names any more, to be deleted once the transaction is on disk
 */
export function release(call: BlockCall, content: string): string[] {
  const record = records(call).get(content)
  if (!record) return []
  if (record.references > 1) {
    records(call).put(content, { ...record, references: record.references - 1 })
    return []
  }
  const orphans: string[] = []
  const prefix = `${content}/`
  const ids: string[] = []
  for (const [id, { blob }] of call.state.blocks.in().entries({ from: prefix })) {
    if (!id.startsWith(prefix)) break
    ids.push(id)
    orphans.push(blob)
  }
  for (const id of ids) call.state.blocks.in().delete(id)
  records(call).delete(content)
  if (record.parent !== undefined) orphans.push(...release(call, record.parent))
  return orphans
}

export function deleteBlobs({ env }: BlockCall, blobs: readonly string[]): void {
  for (const blob of blobs) env.blobs.delete(blob)
}

/**
 * Encrypts a block and makes it the content's. An earlier one at the same place is replaced.
 * @param bytes BLOCK_SIZE of them
 */
export async function putBlock(
  call: BlockCall,
  content: string,
  index: number,
  bytes: Buffer,
  secret: SecretBytes,
  admitted: () => void = () => undefined,
): Promise<void> {
  const blob = await writeBlob(call, bytes, secret)
  const id = blockId(content, index)
  let replaced: string | undefined
  try {
    call.env.store.transaction(() => {
      admitted()
      replaced = call.state.blocks.in().get(id)?.blob
      call.state.blocks.in().put(id, { blob })
    })
  } catch (error) {
    call.env.blobs.delete(blob)
    throw error
  }
  if (replaced !== undefined) call.env.blobs.delete(replaced)
}

/** EBS's data keys are 64 bytes, for a cipher of two keys; blocks here are encrypted under one. */
const blockKey = (secret: SecretBytes) => derivedSecret(secret, 'twokey/ebs block')

async function writeBlob({ env }: BlockCall, bytes: Buffer, secret: SecretBytes): Promise<string> {
  const writer = env.blobs.create()
  try {
    for await (const chunk of encryptStream(blockKey(secret), identityOf(writer.id))([bytes])) await writer.write(chunk)
    await writer.commit()
    return writer.id
  } catch (error) {
    await writer.abort()
    throw error
  }
}

/** A block's plaintext. Throws `ObjectDamaged`, `BlobMissing`. */
export async function readBlob({ env }: BlockCall, blob: string, secret: SecretBytes): Promise<Buffer> {
  // Opened now: whoever deletes the block meanwhile does not take it away from this reader.
  const reader = env.blobs.open(blob)
  try {
    const chunks: Buffer[] = []
    const stream = decryptRange(blockKey(secret), identityOf(blob), BLOCK_SIZE, 0, BLOCK_SIZE, (from, to) =>
      reader.read(from, to),
    )
    for await (const chunk of stream) chunks.push(chunk)
    return Buffer.concat(chunks, BLOCK_SIZE)
  } finally {
    reader.close()
  }
}

/** The content that was to be filled is not needed any more. */
export class ContentGone extends Error {}

/**
 * Fills a content with the bytes of another, under another data key. One block at a time, so that memory does not grow. Whoever asks
 * for it holds both meanwhile. Throws what reading throws, and `ContentGone` when somebody has let go of the new one.
 */
export async function copyBlocks(
  call: BlockCall,
  source: { readonly content: string; readonly secret: SecretBytes },
  target: { readonly content: string; readonly secret: SecretBytes },
): Promise<void> {
  const wanted = () => {
    if (!records(call).has(target.content)) throw new ContentGone()
  }
  for (let next = 0; ;) {
    // Each step looks anew: to walk on across an `await` would be to walk over what others change.
    const [block] = blocksFrom(call, source.content, next)
    if (!block) return
    const bytes = await readBlob(call, block.blob, source.secret)
    await putBlock(call, target.content, block.index, bytes, target.secret, wanted)
    next = block.index + 1
  }
}

/** The emulator's own secret: under it lie the blocks of unencrypted snapshots, since on AWS nobody can read those disks either. */
export const masterKey = ({ state, env }: BlockCall): SecretBytes =>
  ownSecret(state.secrets.in(), 'master', 64, env.store)

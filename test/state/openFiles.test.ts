import { existsSync, readdirSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { OpenFiles } from '../../emulator/state/openFiles.ts'
import { temporaryDirectories } from './temporary.ts'

const directory = temporaryDirectories()

function files(count: number): string[] {
  const dir = directory()
  return Array.from({ length: count }, (_, at) => {
    const path = join(dir, String(at))
    writeFileSync(path, `text ${at}`)
    return path
  })
}

function textOf(descriptor: number): string {
  const bytes = Buffer.alloc(100)
  return bytes.toString('utf8', 0, readSync(descriptor, bytes, 0, bytes.length, 0))
}

const DESCRIPTORS = '/proc/self/fd'
const opened = () => readdirSync(DESCRIPTORS).length

describe('files that are kept open', () => {
  it('are read as if they were opened each time', () => {
    const open = new OpenFiles()
    const paths = files(200)
    for (const round of [1, 2])
      for (const [at, path] of paths.entries()) expect([round, textOf(open.open(path))]).toEqual([round, `text ${at}`])
    writeFileSync(paths[199]!, 'other')
    expect(textOf(open.open(paths[199]!))).toBe('other')
    open.closeAll()
    expect(textOf(open.open(paths[0]!))).toBe('text 0')
    open.closeAll()
  })

  it('open a path anew once it has been closed', () => {
    const open = new OpenFiles()
    const [path = ''] = files(1)
    open.open(path)
    open.close(path)
    open.close(path)
    writeFileSync(path, 'another')
    expect(textOf(open.open(path))).toBe('another')
    open.closeAll()
    expect(() => open.open(join(path, 'nothing'))).toThrow('ENOTDIR')
  })

  const counts = existsSync(DESCRIPTORS) ? it : it.skip
  counts('are few, and none when all are closed', () => {
    const open = new OpenFiles()
    const before = opened()
    for (const path of files(200)) open.open(path)
    expect(opened() - before).toBe(64)
    open.closeAll()
    expect(opened()).toBe(before)
  })
})

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { forEachLine } from '../../emulator/state/lines.ts'
import { temporaryDirectories } from './temporary.ts'

const directory = temporaryDirectories()

function read(text: string) {
  const path = join(directory(), 'file')
  writeFileSync(path, text)
  const lines: [string, number, number][] = []
  const rest = forEachLine(path, (line, { number, offset }) => lines.push([line.toString(), number, offset]))
  return { lines, rest }
}

describe('reading lines', () => {
  it('tells number and offset of each, and what is left over', () => {
    expect(read('')).toEqual({ lines: [], rest: { offset: 0, length: 0 } })
    expect(read('abc')).toEqual({ lines: [], rest: { offset: 0, length: 3 } })
    expect(read('é\n\nx\nrest')).toEqual({
      lines: [
        ['é', 1, 0],
        ['', 2, 3],
        ['x', 3, 4],
      ],
      rest: { offset: 6, length: 4 },
    })
  })

  it('takes lines longer than its buffer, and lines across its borders', () => {
    const parts = [1_048_575, 1, 1_048_576, 3_000_000, 5, 0, 1_048_577].map((length, n) => String(n).repeat(length))
    const { lines, rest } = read(`${parts.join('\n')}\n`)
    expect(lines.map(([line]) => line.length)).toEqual(parts.map((part) => part.length))
    expect(lines.every(([line], n) => line === parts[n])).toBe(true)
    expect(lines.map(([, , offset]) => offset)).toEqual(
      parts.map((_, n) => parts.slice(0, n).reduce((sum, part) => sum + part.length + 1, 0)),
    )
    expect(rest.length).toBe(0)
  })
})

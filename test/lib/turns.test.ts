import { describe, expect, it } from '@jest/globals'
import { createTurns, GivenUp, TooManyWaiting } from '../../emulator/lib/turns.ts'

/** Work that ends when it is told to. */
function work() {
  const started: string[] = []
  const ends: (() => void)[] = []
  const job = (name: string) => () => {
    started.push(name)
    return new Promise<string>((resolve) => {
      ends.push(() => {
        resolve(name)
      })
    })
  }
  const end = async () => {
    ends.shift()?.()
    // Promises settle in turns of the queue of microtasks.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { started, job, end }
}

const waiter = (owner: string, isWaiting = () => true) => ({ owner, isWaiting })

describe('turns', () => {
  it('run one piece of work at a time, and owners alternate', async () => {
    const turns = createTurns(10)
    const { started, job, end } = work()
    for (const name of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']) void turns.take(waiter(name.charAt(0)), job(name))
    for (let count = 1; count <= 6; count++) {
      expect(started).toHaveLength(count)
      await end()
    }
    expect(started).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2'])
  })

  it('refuse an owner too many, and nobody else', async () => {
    const turns = createTurns(2)
    const { started, job, end } = work()
    const taken = ['a1', 'a2', 'a3'].map((name) => turns.take(waiter('a'), job(name)))
    await expect(turns.take(waiter('a'), job('a4'))).rejects.toThrow(TooManyWaiting)
    taken.push(turns.take(waiter('b'), job('b1')))
    await end()
    taken.push(turns.take(waiter('a'), job('a5')))
    for (let count = 0; count < 4; count++) await end()
    expect(await Promise.all(taken)).toEqual(['a1', 'a2', 'a3', 'b1', 'a5'])
    expect(started).not.toContain('a4')
  })

  it('pass over what nobody waits for any more', async () => {
    const turns = createTurns(2)
    const { started, job, end } = work()
    let here = true
    const first = turns.take(waiter('a'), job('a1'))
    const gone = [
      turns.take(
        waiter('a', () => here),
        job('a2'),
      ),
      turns.take(
        waiter('a', () => here),
        job('a3'),
      ),
    ]
    here = false
    // It takes no one's place, either.
    const last = turns.take(waiter('a'), job('a4'))
    for (const each of gone) await expect(each).rejects.toThrow(GivenUp)
    await end()
    await end()
    expect([await first, await last, started]).toEqual(['a1', 'a4', ['a1', 'a4']])
  })

  it('go on after a failure', async () => {
    const turns = createTurns(2)
    const failed = turns.take(waiter('a'), () => Promise.reject(new Error('no')))
    const next = turns.take(waiter('a'), () => Promise.resolve('yes'))
    await expect(failed).rejects.toThrow('no')
    expect(await next).toBe('yes')
  })
})

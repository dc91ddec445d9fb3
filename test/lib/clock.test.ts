import { describe, expect, it } from '@jest/globals'
import { createClock } from '../../emulator/lib/clock.ts'

describe('clock', () => {
  it('stands an offset away from the machine', () => {
    const clock = createClock(1000, () => 5000)
    expect(clock.now()).toBe(6000)
    clock.setOffset(-5000)
    expect(clock.now()).toBe(0)
    clock.stop()
  })

  it('runs what has come due when it is moved, in order of time, and nothing twice', () => {
    const clock = createClock(0, () => 0)
    const ran: string[] = []
    clock.schedule('later', 200, () => ran.push('later'))
    clock.schedule('sooner', 100, () => ran.push('sooner'))
    clock.schedule('never', 1000, () => ran.push('never'))
    clock.setOffset(500)
    expect(ran).toEqual(['sooner', 'later'])
    clock.setOffset(600)
    expect(ran).toEqual(['sooner', 'later'])
    clock.stop()
  })

  it('replaces a schedule of the same id, and forgets cancelled ones', () => {
    const clock = createClock(0, () => 0)
    const ran: number[] = []
    clock.schedule('a', 100, () => ran.push(1))
    clock.schedule('a', 300, () => ran.push(2))
    clock.schedule('b', 100, () => ran.push(3))
    clock.cancel('b')
    clock.setOffset(200)
    expect(ran).toEqual([])
    clock.setOffset(300)
    expect(ran).toEqual([2])
    clock.stop()
  })

  it('lets a task schedule the next one, even if that is due already', () => {
    const clock = createClock(0, () => 0)
    const ran: string[] = []
    clock.schedule('first', 10, () => {
      ran.push('first')
      clock.schedule('second', 20, () => ran.push('second'))
    })
    clock.setOffset(50)
    expect(ran).toEqual(['first', 'second'])
    clock.stop()
  })

  it('waits for what is further away than a timer can count', async () => {
    const clock = createClock(0, () => 0)
    let ran = false
    clock.schedule('far', 2 ** 40, () => (ran = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(ran).toBe(false)
    clock.setOffset(2 ** 40)
    expect(ran).toBe(true)
    clock.stop()
  })
})

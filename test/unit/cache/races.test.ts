import { describe, expect, test } from 'vitest'
import { settle } from '../../support/manual-clock.ts'
import { World } from '../../support/world.ts'

// Within one isolate: what a slower operation still carries must never replace what a later write has put there.

describe('a read whose reply is on its way', () => {
  test.each(['get', 'getMany', 'getOrCreate'] as const)(
    '%s does not put back what a set has replaced',
    async (method) => {
      const world = new World()
      await world.isolate().set('k', 'old')
      const cache = await world.warm()
      const gate = world.hold(method === 'getMany' ? 'MGET' : 'GET', 'after')
      const reading =
        method === 'get'
          ? cache.get('k')
          : method === 'getMany'
            ? cache.getMany(['k'])
            : cache.getOrCreate('k', () => 'never')
      await gate.reached
      await cache.set('k', 'new')
      gate.open()
      await reading
      expect(cache.getLocal('k')).toBe('new')
    },
  )

  test.each(['remove', 'removeLocal'] as const)('it does not put back what %s took away', async (method) => {
    const world = new World()
    await world.isolate().set('k', 'old')
    const cache = await world.warm()
    const gate = world.hold('GET', 'after')
    const reading = cache.get('k')
    await gate.reached
    await cache[method]('k')
    gate.open()
    await reading
    expect(cache.getLocal('k')).toBeUndefined()
  })
})

describe('a factory that is still running', () => {
  test.each(['set', 'remove'] as const)(
    'what it makes is given to its caller, and does not undo a %s',
    async (method) => {
      const world = new World()
      const cache = await world.warm()
      let finish!: (value: string) => void
      const loading = cache.getOrCreate('k', () => new Promise<string>((resolve) => void (finish = resolve)))
      await settle()
      if (method === 'set') await cache.set('k', 'new')
      else await cache.remove('k')
      finish('old')
      expect(await loading).toBe('old')
      const expected = method === 'set' ? 'new' : undefined
      expect(await cache.get('k')).toBe(expected)
      expect(await world.isolate().get('k')).toBe(expected)
    },
  )
})

describe('a write to Redis that is not sent yet', () => {
  const big = 'x'.repeat(500)
  const compression = { threshold: 10 }

  test.each(['set', 'remove'] as const)(
    'is not sent any more after a %s, behind waitUntil too',
    async (method) => {
      const world = new World()
      const work: Promise<unknown>[] = []
      const cache = await world.warm({ compression, waitUntil: (promise) => work.push(promise) })
      await cache.getOrCreate('k', () => big)
      if (method === 'set') await cache.set('k', 'new')
      else await cache.remove('k')
      await Promise.all(work)
      const expected = method === 'set' ? 'new' : undefined
      expect(await cache.get('k', { l1: false })).toBe(expected)
      expect(await cache.get('k')).toBe(expected)
    },
  )

  test('is not sent after a set that was called later', async () => {
    const world = new World()
    const cache = await world.warm({ compression })
    await Promise.all([cache.set('k', big), cache.set('k', 'second')])
    expect(await cache.get('k', { l1: false })).toBe('second')
  })

  test('still is after a removeLocal, which is none of its business', async () => {
    const world = new World()
    const cache = await world.warm()
    let finish!: (value: string) => void
    const loading = cache.getOrCreate('k', () => new Promise<string>((resolve) => void (finish = resolve)))
    await settle()
    cache.removeLocal('k')
    finish('v')
    await loading
    expect(cache.getLocal('k')).toBeUndefined()
    expect(await world.isolate().get('k')).toBe('v')
  })
})

describe('what is written', () => {
  test('by a set is never sent twice: a second execution could undo what came in between', async () => {
    const world = new World()
    const cache = await world.warm()
    for (const write of [() => cache.set('k', 1), () => cache.setMany([['k', 1]])]) {
      await write()
      expect(world.redis.take()).toEqual([['SetEntry']])
      expect(world.redis.sent.at(-1)?.idempotent).toBe(false)
    }
  })
})

test('what a load made may be sent twice: Redis takes it only where nobody has written', async () => {
  const world = new World()
  const cache = await world.warm()
  await cache.getOrCreate('k', () => 1)
  expect(world.redis.requests.at(-1)?.[0]).toEqual(expect.arrayContaining(['SET', 'NX']))
  expect(world.redis.sent.at(-1)?.idempotent).toBe(true)
})

describe('writes that overlap', () => {
  test('the answers may come in any order: L1 never keeps one that is not in Redis', async () => {
    const world = new World()
    const cache = await world.warm()
    const gate = world.hold('SetEntry', 'after')
    const first = cache.set('k', 1)
    await gate.reached
    world.redis.after = undefined
    await cache.set('k', 2)
    gate.open()
    await first
    expect(await cache.get('k')).toBe(2)
  })

  test('a remove that overtakes a set leaves no copy in L1', async () => {
    const world = new World()
    const cache = await world.warm()
    const gate = world.hold('SetEntry', 'after')
    const setting = cache.set('k', 1)
    await gate.reached
    await cache.remove('k')
    gate.open()
    await setting
    expect(await cache.get('k')).toBeUndefined()
  })

  test('a copy that was read between a remove and its answer is dropped', async () => {
    const world = new World()
    await world.isolate().set('k', 'old')
    const cache = await world.warm()
    const gate = world.hold('RemoveEntries')
    const removing = cache.remove('k')
    await gate.reached
    expect(await cache.get('k')).toBe('old') // it began before the removal was done
    gate.open()
    await removing
    expect(cache.getLocal('k')).toBeUndefined()
  })
})

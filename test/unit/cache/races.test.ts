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

describe('writes that overlap', () => {
  test('the answers may come in any order: L1 never keeps one that is not in Redis', async () => {
    const world = new World()
    const cache = await world.warm()
    const gate = world.hold('SET', 'after')
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
    const gate = world.hold('SET', 'after')
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
    const gate = world.hold('DEL')
    const removing = cache.remove('k')
    await gate.reached
    expect(await cache.get('k')).toBe('old') // it began before the removal was done
    gate.open()
    await removing
    expect(cache.getLocal('k')).toBeUndefined()
  })
})

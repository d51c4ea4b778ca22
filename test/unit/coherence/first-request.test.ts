import { describe, expect, test } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import { due, logFrom, versionOf } from '../../support/coherence.ts'
import { settle } from '../../support/manual-clock.ts'
import { World } from '../../support/world.ts'

describe('the first request of an isolate', () => {
  test('V1: asks where versions stand before it reads, and no later one does', async () => {
    const world = new World()
    const cache = world.isolate()
    await cache.get('k')
    expect(world.redis.requests[0]?.[0]).toEqual(['MGET', 'hc:m:v', 'hc:t:*'])
    expect(world.redis.take()).toEqual([['MGET', 'TIME', 'GET']])
    await cache.get('k')
    await cache.getMany(['k', 'l'])
    expect(world.redis.take()).toEqual([['GET'], ['MGET']])
  })

  test.each<[string, (cache: HybridCache) => Promise<unknown>]>([
    ['getMany', (cache) => cache.getMany(['a', 'b'])],
    ['getOrCreateMany', (cache) => cache.getOrCreateMany(['a', 'b'], () => new Map())],
  ])('is one for all keys of %s', async (_, read) => {
    const world = new World()
    await read(world.isolate())
    expect(world.redis.take()).toEqual([['MGET', 'TIME', 'MGET']])
  })

  test('V23: learns of a clear that came before it', async () => {
    const world = new World()
    const writer = await world.warm()
    await writer.set('k', 'old')
    await writer.clear()
    expect(await world.isolate().get('k')).toBeUndefined()
  })

  test('V24: trusts no tag that it does not know, and asks for it once', async () => {
    const world = new World()
    const writer = await world.warm()
    await writer.set('a', 1, { tags: ['t', 'u'] })
    await writer.set('b', 2, { tags: ['t', 'u'] })
    await writer.removeByTag('u')
    await writer.set('b', 3, { tags: ['t', 'u'] })
    const cache = await world.warm()
    expect(await cache.get('a')).toBeUndefined()
    expect(world.redis.requests.at(-1)?.[0]?.map(String)).toEqual(
      'MGET hc:m:v hc:t:* hc:t:t hc:x:t hc:t:u hc:x:u'.split(' '),
    )
    expect(world.redis.take()).toEqual([['GET'], ['MGET']])
    expect(await cache.get('b')).toBe(3)
    expect(await cache.get('a')).toBeUndefined()
    expect(world.redis.take()).toEqual([['GET'], ['GET']])
  })

  test('brings the versions of tags that the call names', async () => {
    const world = new World()
    const writer = await world.warm()
    await writer.set('k', 1, { tags: ['t'] })
    await writer.set('l', 2, { tags: ['t'] })
    const cache = world.isolate()
    expect(await cache.get('k', { tags: ['t'] })).toBe(1)
    expect(await cache.get('l', { tags: ['t'] })).toBe(2)
    expect(world.redis.take().slice(-2)).toEqual([['MGET', 'TIME', 'GET'], ['GET']])
  })

  test('a later one that names a tag asks for it in the same request', async () => {
    const world = new World()
    await (await world.warm()).set('k', 1, { tags: ['t'] })
    const cache = await world.warm()
    expect(await cache.get('k', { tags: ['t'] })).toBe(1)
    expect(world.redis.take()).toEqual([['MGET', 'GET']])
  })

  test('reads of one tick that name other tags ask for each once', async () => {
    const world = new World()
    const writer = await world.warm()
    await writer.set('a', 1, { tags: ['t'] })
    await writer.set('b', 2, { tags: ['t', 'u'] })
    const cache = await world.warm()
    const values = [
      cache.get('a', { tags: ['t'] }),
      cache.get('b', { tags: ['t', 'u'] }),
      cache.get('b', { tags: ['u'] }),
    ]
    expect(await Promise.all(values)).toEqual([1, 2, 2])
    const asked = world.redis.requests
      .flat()
      .flatMap((command) => command.filter((word) => word === 'hc:t:t'))
    expect(asked).toHaveLength(1)
    expect(world.redis.requests).toHaveLength(1)
  })

  test.each(['the first', 'the second'])(
    'V3: of two in parallel, with a removal in between, %s may be answered last',
    async (last) => {
      const world = new World()
      const writer = await world.warm()
      await writer.set('k', 'old')
      await writer.set('l', 'l')
      const cache = world.isolate()
      const gates: (() => void)[] = []
      world.redis.after = (commands) =>
        commands.some(([, key]) => key === 'hc:m:v') ? new Promise((go) => gates.push(go)) : undefined
      const first = cache.get('k')
      await settle()
      const { after } = world.redis
      world.redis.after = undefined
      await writer.remove('k')
      world.redis.after = after
      const second = cache.get('l')
      await settle()
      for (const i of last === 'the first' ? [1, 0] : [0, 1]) {
        gates[i]?.()
        await settle()
      }
      world.redis.after = undefined
      await Promise.all([first, second])
      await world.clock.advance(due)
      await cache.get('l', { l1: false }) // a check
      expect(cache.getLocal('k')).toBeUndefined()
      expect(await cache.get('k')).toBeUndefined()
    },
  )

  test('V3: an older answer that comes last neither takes back what is applied nor fills L1', async () => {
    const world = new World()
    const writer = await world.warm()
    await writer.set('k', 'old')
    const cache = world.isolate()
    const gate = world.hold('MGET', 'after')
    const first = cache.get('k')
    await gate.reached
    world.redis.after = undefined
    await writer.remove('k')
    await cache.get('l')
    const applied = versionOf(world)
    gate.open()
    await first
    expect(cache.getLocal('k')).toBeUndefined()
    await world.clock.advance(due)
    await cache.get('l')
    expect(logFrom(world.redis.requests.at(-1))).toBe(applied)
  })

  test('V4: L1 lets go of what was set before it, where somebody else has come in between', async () => {
    const world = new World()
    const [cache, other] = [world.isolate(), await world.warm()]
    await cache.set('k', 'mine')
    await other.set('k', 'theirs')
    expect(cache.getLocal('k')).toBe('mine')
    await cache.get('other')
    expect(await cache.get('k')).toBe('theirs')
  })

  test('and keeps it where nobody has', async () => {
    const world = new World()
    const cache = world.isolate()
    await cache.set('k', 'mine')
    await cache.get('other')
    expect(cache.getLocal('k')).toBe('mine')
  })

  test('L1 keeps what came with it, though it is older than where versions stand', async () => {
    const world = new World()
    const writer = await world.warm()
    await writer.set('k', 'v')
    await writer.set('other', 1)
    const cache = world.isolate()
    await cache.get('k')
    expect(cache.getLocal('k')).toBe('v')
  })

  test('V4: nor does L1 take what was set before it and is acknowledged after it', async () => {
    const world = new World()
    const [cache, other] = [world.isolate(), await world.warm()]
    const gate = world.hold('SetEntry', 'after')
    const setting = cache.set('k', 'mine')
    await gate.reached
    world.redis.after = undefined
    await other.remove('k')
    await cache.get('other')
    gate.open()
    await setting
    expect(cache.getLocal('k')).toBeUndefined()
  })

  test('V5: a tag that was read before the versions that are known stays unknown, and what has it is not believed', async () => {
    const world = new World()
    const writer = await world.warm()
    const before = versionOf(world)
    await writer.set('k', 'old', { tags: ['t'] })
    await writer.removeByTag('t')
    const cache = await world.warm()
    world.redis.replies.set('MGET', [String(before), String(before), null, null])
    expect(await cache.get('k')).toBeUndefined()
    world.redis.replies.clear()
    expect(await cache.get('k')).toBeUndefined()
  })
})

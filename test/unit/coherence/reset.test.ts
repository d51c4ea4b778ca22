import { describe, expect, test } from 'vitest'
import { due, patient, versionOf } from '../../support/coherence.ts'
import { World } from '../../support/world.ts'

describe('where too much was missed', () => {
  /** An isolate that has a copy of `k` in L1, which another has removed meanwhile without a trace in the log. */
  async function behind(): Promise<{ world: World; cache: Awaited<ReturnType<World['warm']>> }> {
    const world = new World()
    const writer = await world.warm()
    await writer.set('k', 'old')
    await writer.set('kept', 'value')
    const cache = await world.warm(patient)
    await cache.getMany(['k', 'kept'])
    await writer.remove('k')
    world.redis.take()
    await world.clock.advance(due)
    return { world, cache }
  }

  const faults: [string, (world: World) => void][] = [
    ['an empty log', (world) => world.redis.sets.clear()],
    [
      'a log that ends below what is applied',
      (world) => world.redis.replies.set('ZRANGE', ['*||', '1700000000000000']),
    ],
    [
      'a log of more than 1024',
      (world) => {
        const at = versionOf(world)
        for (let i = 0; i < 1025; i++) world.redis.sets.get('hc:m:log')?.set(`k||f${i}`, at)
        world.redis.sets.get('hc:m:log')?.delete('k||k')
      },
    ],
    [
      'a log that goes on more than 1024 versions later',
      (world) => {
        const log = world.redis.sets.get('hc:m:log')
        log?.delete('k||k')
        log?.set('k||late', versionOf(world) + 1100)
      },
    ],
    ['a reply that is no log', (world) => world.redis.replies.set('ZRANGE', 'OK')],
  ]

  test.each(faults)('V26: %s ends all trust in L1, and the same call asks again', async (_, fault) => {
    const { world, cache } = await behind()
    fault(world)
    expect(await cache.get('other')).toBeUndefined()
    world.redis.replies.clear()
    expect(world.redis.take()).toEqual([
      ['ZRANGE', 'GET'],
      ['MGET', 'GET'],
    ])
    expect(cache.getLocal('k')).toBeUndefined()
    expect(cache.getLocal('kept')).toBeUndefined()
    expect(await cache.get('kept')).toBe('value')
    expect(world.redis.take()).toEqual([['GET']])
  })

  test('V26: 1024 changes are not too many', async () => {
    const world = new World()
    const [writer, cache] = [await world.warm(), await world.warm()]
    await cache.set('mine', 1)
    await cache.set('kept', 2)
    for (let i = 0; i < 1023; i++) await writer.remove(`k${i}`)
    world.redis.take()
    await world.clock.advance(due)
    await cache.get('other')
    expect(world.redis.take()).toEqual([['ZRANGE', 'GET']])
    expect(cache.getLocal('kept')).toBe(2)
  })

  test('V26: tags that were known count no longer', async () => {
    const world = new World()
    const writer = await world.warm()
    await writer.set('k', 'old', { tags: ['t'] })
    const cache = await world.warm()
    expect(await cache.get('k')).toBe('old')
    await writer.removeByTag('t')
    world.redis.sets.clear()
    await world.clock.advance(due)
    await cache.get('other')
    expect(await cache.get('k')).toBeUndefined()
  })

  test('V9: what this isolate removed itself stays removed, though a replica still has it', async () => {
    const { world, cache } = await behind()
    const bytes = world.redis.values.get('hc:e:kept')
    await cache.remove('kept')
    if (bytes !== undefined) world.redis.values.set('hc:e:kept', bytes)
    world.redis.sets.clear()
    await world.clock.advance(due)
    expect(await cache.get('kept')).toBeUndefined()
    expect(await cache.get('kept')).toBeUndefined()
  })

  test('V9: a reply that was on its way fills no L1', async () => {
    const { world, cache } = await behind()
    cache.removeLocal('kept')
    await cache.get('x')
    world.redis.sets.clear()
    const gate = world.hold('GET', 'after')
    const reading = cache.get('kept')
    await gate.reached
    world.redis.after = undefined
    await world.clock.advance(due)
    await cache.get('other')
    gate.open()
    expect(await reading).toBe('value')
    expect(cache.getLocal('kept')).toBeUndefined()
  })

  test('V5: what a late reply tells of a tag is from before, and not believed', async () => {
    const { world, cache } = await behind()
    const writer = await world.warm()
    await writer.set('k', 'old', { tags: ['t'] })
    const gate = world.hold('MGET', 'after')
    const reading = cache.get('x', { tags: ['t'] })
    await gate.reached
    world.redis.after = undefined
    await writer.removeByTag('t')
    world.redis.sets.clear()
    await world.clock.advance(due)
    await cache.get('other')
    gate.open()
    await reading
    expect(await cache.get('k')).toBeUndefined()
  })
})

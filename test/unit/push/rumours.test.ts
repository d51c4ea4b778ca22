import fc from '../../support/fc.ts'
import { expect, test } from 'vitest'
import { record, World } from '../../support/world.ts'
import { Channel, saying } from '../../support/channel.ts'
import { versionOf } from '../../support/coherence.ts'

async function listening(): Promise<{
  world: World
  channel: Channel
  cache: Awaited<ReturnType<Channel['listener']>>
}> {
  const world = new World()
  const channel = new Channel(world)
  return { world, channel, cache: await channel.listener(world) }
}

const look = ['ZRANGE', 'GET']

test('a key that was changed leaves L1, and costs nothing but the read', async () => {
  const { world, channel, cache } = await listening()
  await cache.set('k', 1)
  await cache.set('l', 2)
  channel.last.onMessage(saying(versionOf(world) + 1, 'k||k'))
  expect([cache.getLocal('k'), cache.getLocal('l')]).toEqual([undefined, 2])
  world.redis.take()
  expect(await cache.get('k')).toBe(1)
  expect(world.redis.take()).toEqual([['GET']])
})

test('a copy that is newer than the news stays', async () => {
  const { world, channel, cache } = await listening()
  const other = await world.warm()
  await other.set('k', 1)
  const version = versionOf(world)
  await cache.set('k', 2)
  channel.last.onMessage(saying(version, 'k||k'))
  expect(cache.getLocal('k')).toBe(2)
})

test.each([
  ['t||t', 'a tag that was removed'],
  ['x||t', 'a tag that was expired'],
  ['*||', 'everything'],
  ['z|?|of a later format', 'something that nobody knows'],
])('%s: %s is looked up with the next read, and nothing is believed meanwhile', async (member) => {
  const { world, channel, cache } = await listening()
  await cache.set('k', 1, { tags: ['t'] })
  channel.last.onMessage(saying(versionOf(world) + 1, member))
  expect(cache.getLocal('k')).toBeUndefined()
  world.redis.take()
  expect(await cache.get('k'), 'the log says that it is not so').toBe(1)
  expect(world.redis.take()).toEqual([look])
  expect(cache.getLocal('k'), 'and then it is believed again').toBe(1)
  await cache.get('elsewhere')
  expect(world.redis.take()).toEqual([['GET']])
})

test('a made-up version never gets into a stamp, where it would outlive real invalidations', async () => {
  const { world, channel, cache } = await listening()
  const far = Math.floor(world.redis.now() * 1000) + 1_000_000_000 // a quarter of an hour ahead: possible
  for (const member of ['k||k', 'y||k', 't||t', 'x||t', '*||', '*|n|'])
    channel.last.onMessage(saying(far, member))
  expect(await cache.getOrCreate('k', () => 'old', { tags: ['t'] })).toBe('old')
  const stamp = Number(/^h1\|e\|(\d+)/.exec(world.redis.values.get('hc:e:k')?.value ?? '')?.[1])
  expect(stamp).toBeGreaterThan(0)
  expect(stamp).toBeLessThanOrEqual(versionOf(world))
  const other = await world.warm()
  await other.removeByTag('t')
  expect(await other.get('k')).toBeUndefined()
})

test('what is loaded after made-up news is kept', async () => {
  const { world, channel, cache } = await listening()
  channel.last.onMessage(saying(versionOf(world) + 1000, 't||t', '*||', 'k||k'))
  expect(await cache.getOrCreate('k', () => 1, { tags: ['t'] })).toBe(1)
  expect(cache.getLocal('k')).toBe(1)
})

test('the event comes once, whoever tells first, and not for what the log has told', async () => {
  const { world, channel, cache } = await listening()
  const events = record(cache, 'invalidate')
  const other = await world.warm()
  await other.remove(['a', 'b'])
  const version = versionOf(world)
  for (let i = 0; i < 3; i++) channel.last.onMessage(saying(version, 'k||a', 'k||b'))
  expect(events).toEqual([{ kind: 'key' }, { kind: 'key' }])
  await world.clock.advance(86_400_000)
  await cache.get('x')
  expect(events).toHaveLength(2)
  await other.remove('c')
  await world.clock.advance(86_400_000)
  await cache.get('x')
  expect(events).toHaveLength(3)
  channel.last.onMessage(saying(version + 1, 'k||c'))
  expect(events).toHaveLength(3)
})

test('the log is read from where it was: what push did not tell comes by it', async () => {
  const { world, channel, cache } = await listening()
  const other = await world.warm()
  await cache.set('a', 1)
  await cache.set('b', 1)
  await other.remove('a') // lost
  await other.remove('b')
  channel.last.onMessage(saying(versionOf(world), 'k||b'))
  expect([cache.getLocal('a'), cache.getLocal('b')]).toEqual([1, undefined])
  await world.clock.advance(3_600_000 - 1)
  await cache.get('x')
  expect(cache.getLocal('a'), 'until its time').toBe(1)
  await cache.set('a2', 1)
  await world.clock.advance(86_400_000)
  await cache.set('c', 1)
  await other.remove('c') // lost as well
  await cache.get('x')
  expect(cache.getLocal('c')).toBeUndefined()
})

test('what makes no sense is ignored, and told as an error that repeats nothing', async () => {
  const { world, channel, cache } = await listening()
  await cache.set('k', 1, { tags: ['t'] })
  const version = versionOf(world)
  const errors = record(cache, 'error')
  const hours = (count: number): number => Math.floor((world.redis.now() + count * 3_600_000) * 1000)
  const nonsense = [
    '',
    'secret',
    `${version + 1}`,
    `${version + 1} someone`,
    `${version + 1} someone %E0%A4%A`,
    `${version + 1} some,one k%7C%7Ck`,
    `${version + 1} someone k%7C%7Ck `,
    `-${version + 1} someone k%7C%7Ck`,
    '17 someone k%7C%7Ck',
    '999999999999 someone k%7C%7Ck',
    '9007199254740993 someone k%7C%7Ck',
    `${hours(2)} someone k%7C%7Ck`,
    `${version + 1}.5 someone k%7C%7Ck`,
    'NaN someone k%7C%7Ck',
  ]
  for (const text of nonsense) channel.last.onMessage(text)
  expect(errors).toHaveLength(nonsense.length)
  expect(errors.every(({ operation }) => operation === 'push')).toBe(true)
  expect(JSON.stringify(errors.map(({ error }) => error.message))).not.toMatch(/secret|someone|\d{3}/)
  expect(cache.getLocal('k')).toBe(1)
  expect(cache.stats().push?.messages).toBe(nonsense.length)
})

test('a load that began before is not kept, one that began after is', async () => {
  const { world, channel, cache } = await listening()
  const gate = world.hold('GET', 'after')
  const reading = cache.get('k')
  await gate.reached
  channel.last.onMessage(saying(versionOf(world) + 1, 'k||k'))
  gate.open()
  await reading
  let said = false
  const loaded = await cache.getOrCreate('l', () => {
    channel.last.onMessage(saying(versionOf(world) + 2, 'k||l'))
    said = true
    return 'old'
  })
  expect([loaded, said, cache.getLocal('l')]).toEqual(['old', true, undefined])
  expect(await cache.getOrCreate('l', () => 'new')).toBe('new')
  expect(cache.getLocal('l')).toBe('new')
})

test('a look that fails leaves the rumour', async () => {
  const world = new World()
  const channel = new Channel(world)
  const cache = await channel.listener(world, { l2: { retries: 0 } })
  await cache.set('k', 1, { tags: ['t'] })
  await cache.set('l', 1, { tags: ['t'] })
  channel.last.onMessage(saying(versionOf(world) + 1, 't||t'))
  world.cut()
  expect(await cache.get('x')).toBeUndefined()
  expect(cache.getLocal('k')).toBeUndefined()
  world.redis.before = undefined
  world.redis.take()
  await cache.get('x')
  expect(world.redis.take()).toEqual([look])
  expect(cache.getLocal('l')).toBe(1)
})

test('a look that was sent before a rumour does not end it', async () => {
  const { world, channel, cache } = await listening()
  for (const key of ['k', 'l']) await cache.set(key, 2, { tags: ['t'] })
  channel.last.onMessage(saying(versionOf(world) + 1, 't||t'))
  const gate = world.hold('ZRANGE', 'after')
  const read = cache.get('y')
  await gate.reached
  channel.last.onMessage(saying(versionOf(world) + 2, 't||t'))
  gate.open()
  await read
  expect(cache.getLocal('k')).toBeUndefined()
  world.redis.take()
  await cache.get('y')
  expect(world.redis.take()).toEqual([look])
  expect(cache.getLocal('l')).toBe(2)
})

test('more tags than are remembered: all copies are looked up', async () => {
  const { world, channel, cache } = await listening()
  await cache.set('k', 1, { tags: ['first'] })
  channel.last.onMessage(saying(versionOf(world) + 1, ...Array.from({ length: 1200 }, (_, i) => `t||${i}`)))
  expect(cache.getLocal('k')).toBeUndefined()
  expect(await cache.get('k')).toBe(1)
  expect(cache.getLocal('k')).toBe(1)
})

/** Real news, in any order, with losses and doubles, and news that nobody sent: reads are as without push. */
test('whatever comes on the channel, no read is wrong and nothing rejects', async () => {
  const step = fc.oneof(
    fc.record({ write: fc.constantFrom('remove', 'removeByTag', 'clear', 'set', 'expire') }),
    fc.record({ say: fc.nat(5), doubled: fc.boolean() }),
    fc.record({
      forge: fc.constantFrom('k||k', 'y||k', 't||t', 'x||t', '*||'),
      ahead: fc.integer({ min: -50, max: 5_000_000 }),
    }),
    fc.record({ text: fc.string() }),
    fc.record({ load: fc.boolean() }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const { world, channel, cache } = await listening()
      const other = await world.warm()
      let current = 0
      const pending: string[] = []
      for (const each of steps) {
        if ('write' in each) {
          current += 1
          if (each.write === 'set') await other.set('k', current, { tags: ['t'] })
          else if (each.write === 'remove' || each.write === 'expire') await other[each.write]('k')
          else if (each.write === 'removeByTag') await other.removeByTag('t')
          else await other.clear()
          const member = { set: 'k||k', remove: 'k||k', expire: 'y||k', removeByTag: 't||t', clear: '*||' }[
            each.write
          ]
          pending.push(saying(versionOf(world), member as string))
        } else if ('say' in each) {
          const message = pending[each.say % Math.max(pending.length, 1)]
          if (message !== undefined) channel.last.onMessage(message)
          if (message !== undefined && each.doubled) channel.last.onMessage(message)
        } else if ('forge' in each) channel.last.onMessage(saying(versionOf(world) + each.ahead, each.forge))
        else if ('text' in each) channel.last.onMessage(each.text)
        else await cache.getOrCreate('k', () => current, { tags: ['t'] })
      }
      await world.clock.advance(86_400_000) // the log is due, and tells all that was lost
      await cache.get('x', { l1: false })
      expect(await cache.getOrCreate('k', () => current, { tags: ['t'] })).toBe(current)
      // and what this isolate stored does not outlive what comes after
      await other.removeByTag('t')
      expect(await other.get('k', { l1: false })).toBeUndefined()
    }),
    { numRuns: 150 },
  )
})

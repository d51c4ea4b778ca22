import { expect, test } from 'vitest'
import { CacheError, createHybridCache } from '../../../src/index.ts'
import { push } from '../../../src/push/index.ts'
import { Channel, saying } from '../../support/channel.ts'
import { versionOf } from '../../support/coherence.ts'
import { settle } from '../../support/manual-clock.ts'
import { record, World } from '../../support/world.ts'

function setUp(): { world: World; channel: Channel } {
  const world = new World()
  return { world, channel: new Channel(world) }
}

const coherence = { interval: '1d', push: push() } as const

test('nothing is opened before Redis is first asked, and then once', async () => {
  const { world: w, channel } = setUp()
  const cache = w.isolate({ redis: channel.transport, coherence })
  cache.on('invalidate', () => undefined)
  cache.getLocal('k')
  cache.stats()
  await settle()
  expect([channel.subscriptions.length, w.clock.pending]).toEqual([0, 0])
  await Promise.all([cache.get('a'), cache.get('b'), cache.namespace('n').set('c', 1)])
  await settle()
  expect(channel.subscriptions.map(({ channel: name }) => name)).toEqual(['hc:m:news'])
  expect(cache.stats().push).toEqual({ connected: false, connections: 0, messages: 0 })
  channel.last.onOpen()
  channel.last.onOpen()
  expect(cache.stats().push).toEqual({ connected: true, connections: 1, messages: 0 })
  await cache.close()
})

test('a write opens it as well', async () => {
  const { world: w, channel } = setUp()
  const cache = w.isolate({ redis: channel.transport, coherence, keyPrefix: '{app}' })
  await cache.remove('k')
  await settle()
  expect(channel.last.channel).toBe('{app}:m:news')
  await cache.close()
})

test('a connection that ends is made again, and a look is due then', async () => {
  const { world: w, channel } = setUp()
  const cache = await channel.listener(w)
  const errors = record(cache, 'error')
  const other = await w.warm()
  await cache.set('k', 1)
  channel.last.end()
  await settle()
  expect(cache.stats().push?.connected).toBe(false)
  await other.remove('k') // nobody hears
  expect(channel.subscriptions).toHaveLength(1)
  await w.clock.advance(1000)
  expect(channel.subscriptions).toHaveLength(2)
  channel.last.onOpen()
  w.redis.take()
  await cache.get('x')
  expect(w.redis.take()).toEqual([['ZRANGE', 'GET']])
  expect(cache.getLocal('k')).toBeUndefined()
  expect(errors).toEqual([])
  await cache.close()
})

test('attempts that come to nothing are told of, and come later and later, up to a minute', async () => {
  const { world: w, channel } = setUp()
  const cache = w.isolate({ redis: channel.transport, coherence })
  const errors = record(cache, 'error')
  await cache.get('a')
  await settle()
  const pauses: number[] = []
  for (let i = 0; i < 12; i++) {
    const count = channel.subscriptions.length
    channel.last.end(new Error('connect ECONNREFUSED secret.example.com'))
    await settle()
    const from = w.clock.monotonic()
    while (channel.subscriptions.length === count) await w.clock.advance(50)
    pauses.push(w.clock.monotonic() - from)
  }
  expect(pauses[0]).toBeGreaterThanOrEqual(450)
  expect(pauses[0]).toBeLessThanOrEqual(1050)
  expect(Math.max(...pauses)).toBeLessThanOrEqual(60_050)
  expect(Math.min(...pauses.slice(8))).toBeGreaterThanOrEqual(29_950)
  expect(new Set(pauses.slice(7)).size, 'isolates do not come in step').toBeGreaterThan(1)
  expect(errors).toHaveLength(12)
  expect(errors.every(({ operation, error }) => operation === 'push' && error.code === 'L2_NETWORK')).toBe(
    true,
  )
  expect(JSON.stringify(errors.map(({ error }) => [error.message, error.cause]))).not.toContain('secret')
  await cache.close()
  expect(w.clock.pending).toBe(0)
})

test('an error that says what it is stays as it is; a good connection begins anew', async () => {
  const { world: w, channel } = setUp()
  const cache = w.isolate({ redis: channel.transport, coherence })
  const errors = record(cache, 'error')
  await cache.get('a')
  for (let i = 0; i < 8; i++) {
    await settle()
    const count = channel.subscriptions.length
    channel.last.end(new CacheError('L2_AUTH', 'no'))
    while (channel.subscriptions.length === count) await w.clock.advance(100)
  }
  expect(errors.map(({ error }) => error.code)).toEqual(Array.from({ length: 8 }, () => 'L2_AUTH'))
  channel.last.onOpen()
  await w.clock.advance(30_000)
  const count = channel.subscriptions.length
  channel.last.end()
  await w.clock.advance(501)
  expect(channel.subscriptions).toHaveLength(count + 1)
  await cache.close()
})

test('one that is never confirmed is given up after ten seconds; a message confirms it', async () => {
  const { world: w, channel } = setUp()
  const cache = w.isolate({ redis: channel.transport, coherence })
  const errors = record(cache, 'error')
  await cache.get('a')
  await settle()
  const { signal } = channel.last
  await w.clock.advance(9999)
  expect(signal.aborted).toBe(false)
  await w.clock.advance(1)
  expect([signal.aborted, errors.length]).toEqual([true, 1])
  await w.clock.advance(2000)
  expect(channel.subscriptions).toHaveLength(2)
  channel.last.onMessage(saying(versionOf(w), 'k||k'))
  await w.clock.advance(3_600_000)
  expect([channel.last.signal.aborted, errors.length]).toEqual([false, 1])
  await cache.close()
})

test('what an ended connection still says is not heard', async () => {
  const { world: w, channel } = setUp()
  const cache = await channel.listener(w)
  await cache.set('k', 1)
  const { last } = channel
  last.end()
  await settle()
  last.onMessage(saying(versionOf(w) + 1, 'k||k'))
  last.onOpen()
  expect(cache.getLocal('k')).toBe(1)
  expect(cache.stats().push).toEqual({ connected: false, connections: 1, messages: 0 })
  await cache.close()
})

test('a transport that throws, at once or later, rejects nothing', async () => {
  const { world: w, channel } = setUp()
  const subscribe = (): never => {
    throw new Error('at once')
  }
  const cache = w.isolate({ redis: { ...channel.transport, subscribe }, coherence })
  const errors = record(cache, 'error')
  expect(await cache.get('a')).toBeUndefined()
  await w.clock.advance(3000)
  expect(errors.length).toBeGreaterThan(1)
  await cache.close()
  expect(w.clock.pending).toBe(0)
})

test.each(['waiting', 'connecting', 'connected', 'never used'])('close ends it: %s', async (state) => {
  const { world: w, channel } = setUp()
  const cache = w.isolate({ redis: channel.transport, coherence })
  const errors = record(cache, 'error')
  if (state !== 'never used') await cache.get('a')
  await settle()
  if (state === 'connected') channel.last.onOpen()
  if (state === 'waiting') channel.last.end()
  await settle()
  const before = errors.length
  await Promise.all([cache.close(), cache.namespace('n').close()])
  await settle()
  expect(cache.stats().push?.connected).toBe(false)
  expect(channel.subscriptions.every(({ signal }) => signal.aborted)).toBe(true)
  expect(w.clock.pending).toBe(0)
  await cache.set('k', 1)
  expect(await cache.get('k')).toBe(1)
  await w.clock.advance(3_600_000)
  expect(channel.subscriptions).toHaveLength(state === 'never used' ? 0 : 1)
  expect(errors).toHaveLength(before)
})

test('a cache without push has nothing to end', async () => {
  const { world: w } = setUp()
  await w.isolate().close()
  await w.memoryOnly().close()
})

test('a connection that died without a word is found out by what did not come by it', async () => {
  const { world: w, channel } = setUp()
  const cache = await channel.listener(w, { coherence: { interval: '5s', push: push() } })
  const errors = record(cache, 'error')
  const other = await w.warm()
  await other.remove('k') // never arrives
  await w.clock.advance(5000)
  await cache.get('x')
  await w.clock.advance(9999)
  await cache.get('x')
  expect(channel.last.signal.aborted).toBe(false)
  await w.clock.advance(5000)
  await cache.get('x')
  expect(channel.subscriptions[0]?.signal.aborted).toBe(true)
  expect(errors).toMatchObject([{ operation: 'push', error: { code: 'L2_NETWORK' } }])
  await w.clock.advance(2000)
  expect(channel.subscriptions).toHaveLength(2)
  await cache.close()
})

test('what comes late, or after it, says that the connection lives', async () => {
  const { world: w, channel } = setUp()
  const cache = await channel.listener(w, { coherence: { interval: '5s', push: push() } })
  const other = await w.warm()
  for (const late of ['k||a', 'k||b']) {
    await other.remove('a')
    await w.clock.advance(5000)
    await cache.get('x')
    channel.last.onMessage(saying(versionOf(w), late))
    await w.clock.advance(20_000)
    await cache.get('x')
  }
  expect(channel.subscriptions).toHaveLength(1)
  expect(channel.last.signal.aborted).toBe(false)
  await cache.close()
})

test('a message too long to name its keys is no sign of a dead connection, and the log names them', async () => {
  const { world: w, channel } = setUp()
  const cache = await channel.listener(w, { coherence: { interval: '5s', push: push() } })
  const events = record(cache, 'invalidate', 'error')
  await (await w.warm()).remove(['a', 'b'])
  channel.last.onMessage(`${versionOf(w)} someone ?`)
  await cache.get('x')
  expect(events).toEqual([{ kind: 'key' }, { kind: 'key' }])
  await w.clock.advance(20_000)
  await cache.get('x')
  expect(channel.last.signal.aborted).toBe(false)
  expect(events).toHaveLength(2)
  await cache.close()
})

test('nor is one of its own', async () => {
  const { world: w, channel } = setUp()
  const cache = await channel.listener(w, { coherence: { interval: '5s', push: push() } })
  const errors = record(cache, 'error')
  await (await w.warm()).remove('a')
  channel.last.onMessage(saying(versionOf(w), 'k||a'))
  await cache.remove(Array.from({ length: 500 }, (_, i) => `${i}`.padEnd(1000, 'x')))
  const said = String(w.redis.requests.at(-1)?.at(-1)?.at(-1))
  expect(said).toMatch(/^ [a-z0-9]+ \?$/)
  channel.last.onMessage(`${versionOf(w)}${said}`)
  await w.clock.advance(5000)
  await cache.get('x')
  await w.clock.advance(20_000)
  await cache.get('x')
  expect([channel.last.signal.aborted, errors]).toEqual([false, []])
  await cache.close()
})

test('where the option cannot work, it says so at once', async () => {
  const { world: w, channel } = setUp()
  const { send } = channel.transport
  const make = (options: object) => () => createHybridCache({ clock: w.clock, ...options })
  const redis = { send }
  expect(make({ coherence: { push: push() } })).toThrow(TypeError)
  expect(make({ redis, coherence: { push: push() } })).toThrow(/listen: false/)
  expect(make({ redis: { client: { request() {} }, pipeline() {} }, coherence: { push: push() } })).toThrow(
    /listen: false/,
  )
  expect(make({ redis: { url: 'redis://x', token: 't' }, coherence: { push: push() } })).toThrow(TypeError)
  for (const wrong of [true, null, {}, push, 'push'])
    expect(make({ redis: channel.transport, coherence: { push: wrong } })).toThrow(/push\(\)/)
  expect(() => push({ listen: 1 as never })).toThrow(TypeError)
  const telling = make({ redis, coherence: { push: push({ listen: false }) } })()
  await telling.get('a')
  expect(telling.stats().push).toEqual({ connected: false, connections: 0, messages: 0 })
})

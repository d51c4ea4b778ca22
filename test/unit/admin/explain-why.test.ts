import { expect, test } from 'vitest'
import { explain, type StateReason } from '../../../src/admin/index.ts'
import { formatEntry } from '../../../src/entry/header.ts'
import { type Reply, RedisReplyError } from '../../../src/index.ts'
import { headerOf } from '../../support/entries.ts'
import { settle } from '../../support/manual-clock.ts'
import { World } from '../../support/world.ts'

const life = { ttl: '10s', staleIfError: '1h' } as const
const failing = (): Promise<never> => Promise.reject(new Error('the origin fails'))

test('an origin that has just failed is left alone where a stale value will do', async () => {
  const world = new World()
  const cache = await world.warm()
  await cache.set('k', 'v', life)
  await world.clock.advance(11_000)
  expect(await cache.getOrCreate('k', failing, life)).toBe('v')
  const said = await explain(cache, 'k', life)
  expect(said).toMatchObject({ getOrCreate: 'stale', resting: true, refreshes: false })
  expect(said.why).toContain('has just failed')
  cache.removeLocal('k')
  expect(await explain(cache, 'k', life)).toMatchObject({ getOrCreate: 'stale', resting: true })
  expect(await explain(cache, 'k', { ...life, l1: false })).toMatchObject({ getOrCreate: 'stale' })
})

test('a copy that is older than maxStaleness allows is stale for that reason', async () => {
  const world = new World()
  const cache = await world.warm({ coherence: { interval: '5s', maxStaleness: '5s' } })
  await cache.set('k', 'v', { ttl: '1h', localTtl: '1h' })
  await world.clock.advance(6000)
  expect(await explain(cache, 'k')).toMatchObject({ l1: { state: 'stale', reason: 'maxStaleness' } })
})

test('without coherence an entry is judged by its key alone', async () => {
  const world = new World()
  const cache = world.isolate({ coherence: 'off' })
  await cache.set('k', 'v', { ttl: '1h' })
  cache.removeLocal('k')
  expect(await explain(cache, 'k')).toMatchObject({ getOrCreate: 'l2', l2: { state: 'fresh' } })
  await cache.remove('k')
  expect(await explain(cache, 'k')).toMatchObject({
    getOrCreate: 'load',
    l2: { state: 'removed', reason: 'key' },
  })
})

test('an entry of an unknown codec is unusable', async () => {
  const world = new World()
  const cache = await world.warm()
  const now = world.redis.now()
  const header = headerOf({
    created: now,
    fresh: now + 60_000,
    stamp: now * 1000 + 1,
    codec: 'other',
    address: 'e:k',
  })
  world.redis.values.set('hc:e:k', { value: formatEntry({ header, payload: '1' }), expires: Infinity })
  expect(await explain(cache, 'k')).toMatchObject({
    getOrCreate: 'load',
    l2: { state: 'unusable', reason: 'codec' },
  })
})

test('who has a stale value takes it while another isolate makes the new one', async () => {
  const world = new World()
  const [one, other] = [await world.warm(), await world.warm()]
  const patient = { ...life, stampede: 'global' } as const
  await one.set('k', 'v', patient)
  await world.clock.advance(11_000)
  let make!: () => void
  const load = other.getOrCreate('k', () => new Promise((resolve) => (make = () => resolve('new'))), patient)
  await settle()
  expect(await explain(one, 'k', patient)).toMatchObject({ getOrCreate: 'stale', refreshes: false })
  expect(await explain(one, 'k', { stampede: 'global' })).toMatchObject({ getOrCreate: 'wait' })
  make()
  await load
})

test('the reason of the signal of whoever asks is what it rejects with', async () => {
  const world = new World()
  const cache = await world.warm({ l2: { retries: 0 } })
  const controller = new AbortController()
  world.redis.before = () => controller.abort(new Error('gone'))
  await expect(explain(cache, 'k', { signal: controller.signal })).rejects.toThrow('gone')
})

test.each<[string, StateReason, Reply | RedisReplyError]>([
  ['no time', 'L2_REPLY', 'never'],
  ['that there is no such command', 'L2_REPLY', new RedisReplyError("ERR unknown command 'TIME'")],
  ['that it is not allowed', 'L2_AUTH', new RedisReplyError('NOPERM no permissions')],
])(
  'where the reply to TIME is %s nothing is said of what L2 has, and the copy in L1 is as good as before',
  async (_, reason, reply) => {
    const world = new World()
    const cache = await world.warm({ localTtl: '1h' })
    await cache.set('k', 'v', { ttl: '1s', staleIfError: '3h' })
    await world.clock.advance('2s')
    world.redis.replies.set('TIME', reply)
    const { get, l2, survivesFailure } = await explain(cache, 'k', { staleIfError: '3h' })
    expect([get, l2, survivesFailure]).toEqual(['nothing', { state: 'unreachable', reason }, true])
  },
)

test('where another type of value is under the key that is an answer, and L1 has nothing of use', async () => {
  const world = new World()
  const cache = await world.warm({ localTtl: '1h' })
  await cache.set('k', 'v', { ttl: '1s', staleIfError: '3h' })
  await world.clock.advance('2s')
  world.redis.replies.set('GET', new RedisReplyError('WRONGTYPE Operation against a key'))
  const { l2, survivesFailure } = await explain(cache, 'k', { staleIfError: '3h' })
  expect([l2, survivesFailure]).toEqual([{ state: 'unreachable', reason: 'L2_REPLY' }, false])
})

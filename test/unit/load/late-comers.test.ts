import { describe, expect, test, vi } from 'vitest'
import { Origin, stateOf, times } from '../../support/origin.ts'
import { settle } from '../../support/manual-clock.ts'
import { Request, requestIsolate } from '../../support/requests.ts'
import { record, World } from '../../support/world.ts'

test('who joins a load late has as long for it as if it had just begun', async () => {
  const world = new World()
  const cache = await world.warm()
  const origin = new Origin<string>()
  const first = cache.getOrCreate('k', origin.factory)
  await world.clock.advance(5000)
  const late = cache.getOrCreate('k', origin.factory, { timeout: '1s' })
  await world.clock.advance(999)
  expect(await stateOf(late)).toBe('waiting')
  await world.clock.advance(1)
  await expect(late).rejects.toMatchObject({ code: 'FACTORY_TIMEOUT' })
  origin.last.finish('v')
  expect(await first).toBe('v')
})

test('after two dead requests in a row those who wait still share one load', async () => {
  vi.stubGlobal('WebSocketPair', true)
  const { world, origin, ask } = await requestIsolate()
  const dying = new Request()
  void ask(dying)
  await settle()
  const heir = new Request()
  void ask(heir)
  const joined = times(50, () => ask(new Request()))
  dying.end()
  await world.clock.advance(600)
  expect(origin.runs).toHaveLength(2)
  heir.end()
  await world.clock.advance(1200)
  expect(origin.runs).toHaveLength(3)
  origin.last.finish('v')
  await world.clock.advance(100)
  expect(await Promise.all(joined)).toEqual(joined.map(() => 'v'))
})

describe('a refresh that hangs', () => {
  const options = { ttl: '1s', localTtl: '1h', swr: '1h' } as const

  test('is given up after a minute where nobody waits for it', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'old', options)
    await world.clock.advance(1000)
    const origin = new Origin<string>()
    expect(await cache.getOrCreate('k', origin.factory, options)).toBe('old')
    await world.clock.advance(59_000)
    expect(await cache.getOrCreate('k', origin.factory, options)).toBe('old')
    await settle()
    expect(origin.runs).toHaveLength(1)
    await world.clock.advance(1000)
    expect(await cache.getOrCreate('k', origin.factory, options)).toBe('old')
    await world.clock.advance(20_000) // until the lease of the first one has ended
    await cache.getOrCreate('k', origin.factory, options)
    await settle()
    expect(origin.runs).toHaveLength(2)
    origin.last.finish('new')
    await settle()
    expect(cache.getLocal('k')).toBe('new')
  })
})

test('a stale value within swr is told as that, also while another isolate makes the new one', async () => {
  const world = new World()
  const options = { ttl: '1s', localTtl: '1h', swr: '1h' } as const
  const [one, two] = [await world.warm(), await world.warm()]
  await one.set('k', 'old', options)
  await two.get('k')
  await world.clock.advance(1000)
  const stale = record(two, 'stale')
  const origin = new Origin<string>()
  await one.getOrCreate('k', origin.factory, options)
  await settle()
  for (let i = 0; i < 3; i++) {
    await two.getOrCreate('k', origin.factory, options)
    await settle()
  }
  expect(stale.map(({ reason }) => reason)).toEqual(['swr', 'swr', 'swr'])
  expect(origin.runs).toHaveLength(1)
})

test('the schema of one who joins is asked about a stale value, too', async () => {
  const world = new World()
  const cache = await world.warm({ l2: { softTimeout: '1s' } })
  const options = { ttl: '1s', staleIfError: '1h', l1: false } as const
  await cache.set('k', 'old', options)
  await world.clock.advance(1000)
  const origin = new Origin<string>()
  const first = cache.getOrCreate('k', origin.factory, options)
  await settle()
  const schema = {
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate: (value: unknown) => (value === 'old' ? { issues: [{ message: 'no' }] } : { value }),
    },
  }
  const picky = cache.getOrCreate('k', () => 'picky', { ...options, schema })
  await settle()
  origin.last.fail(new Error('down'))
  expect(await first).toBe('old')
  expect(await picky).toBe('picky')
})

test('a window for stale values leaves room for itself under maxTtl where no ttl is given', async () => {
  const world = new World()
  const cache = world.memoryOnly({ maxTtl: '1m', staleIfError: '20s' })
  await cache.set('k', 'v')
  await world.clock.advance(39_999)
  expect(cache.getLocal('k')).toBe('v')
  await world.clock.advance(1)
  expect(cache.getLocal('k')).toBeUndefined()
})

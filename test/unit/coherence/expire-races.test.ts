import { expect, test } from 'vitest'
import { nameOf } from '../../support/fake-redis.ts'
import { settle } from '../../support/manual-clock.ts'
import { watch, World } from '../../support/world.ts'

const stale = { ttl: '1h', staleIfError: '1h' } as const

test('a set that is not sent yet when its key is expired is stored all the same', async () => {
  const world = new World()
  const writer = await world.warm()
  await writer.set('k', 'old', stale)
  const cache = world.isolate()
  await Promise.all([cache.set('k', 'new', stale), cache.expire('k')])
  const fail = (): never => {
    throw new Error('down')
  }
  expect(await cache.getOrCreate('k', fail, stale)).toBe('new')
})

test('what was expired is not given to who could wait for another isolate', async () => {
  const world = new World()
  const [one, other] = [await world.warm(), await world.warm()]
  await one.set('k', 'old', stale)
  await one.expire('k')
  let give = (_value: string): void => undefined
  const made = new Promise<string>((resolve) => (give = resolve))
  const options = { ...stale, stampede: 'global' } as const
  const first = one.getOrCreate('k', () => made, options)
  await settle()
  const second = watch(other.getOrCreate('k', () => 'twice', options))
  await settle()
  give('new')
  expect(await first).toBe('new')
  await world.clock.advance(2000)
  expect(second.value).toBe('new')
})

test('what came into L1 while a key was expired without an answer is not fresh either', async () => {
  const world = new World()
  const cache = await world.warm({ l2: { retries: 0 } })
  await cache.set('k', 'old')
  const gate = world.hold('ExpireEntries')
  const { before } = world.redis
  world.redis.before = async (...sent) => {
    await before?.(...sent)
    if (sent[0].some((command) => nameOf(command) === 'ExpireEntries')) throw new TypeError('fetch failed')
  }
  const expiring = cache.expire('k')
  await gate.reached
  expect(await cache.get('k')).toBe('old')
  gate.open()
  await expect(expiring).rejects.toMatchObject({ code: 'L2_NETWORK' })
  expect(cache.getLocal('k')).toBeUndefined()
})

test('a load that fails while its key is expired has the stale value to fall back on', async () => {
  const world = new World()
  const cache = await world.warm()
  await cache.set('k', 'old', stale)
  cache.removeLocal('k')
  await world.clock.advance(1000)
  const gate = world.hold('GET', 'after')
  const fail = (): never => {
    throw new Error('down')
  }
  const loading = cache.getOrCreate('k', fail, { ...stale, forceRefresh: true })
  await gate.reached
  await cache.expire('k')
  gate.open()
  expect(await loading).toBe('old')
})

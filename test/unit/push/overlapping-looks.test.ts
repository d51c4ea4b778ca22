import { expect, test } from 'vitest'
import { push } from '../../../src/push/index.ts'
import { Channel, saying } from '../../support/channel.ts'
import { lookTwiceAtOnce, versionOf } from '../../support/coherence.ts'
import { record, World } from '../../support/world.ts'

test('a change that push told of is no sign of a dead connection where two looks tell of it', async () => {
  const world = new World()
  const channel = new Channel(world)
  const cache = await channel.listener(world, { coherence: { maxStaleness: '3s', push: push() } })
  const events = record(cache, 'invalidate', 'error')
  const other = await world.warm()
  await world.clock.advance(3000)
  await cache.get('x') // a first look: what comes from now on comes by push
  await other.remove('k')
  channel.last.onMessage(saying(versionOf(world), 'k||k')) // it comes
  await world.clock.advance(3000)
  await lookTwiceAtOnce(world, cache)
  world.redis.before = undefined
  await world.clock.advance(15_000)
  await cache.get('x')
  expect([channel.last.signal.aborted, events]).toEqual([false, [{ kind: 'key' }]])
  await cache.close()
})

import { expect, test } from 'vitest'
import { World } from '../../support/world.ts'

test('a load that has failed is over: who comes while its lease is on its way back tries anew', async () => {
  const world = new World()
  const cache = await world.warm({ stampede: 'global', waitUntil: () => undefined })
  let gate = world.hold('nothing yet')
  const fail = (): never => {
    gate = world.hold('CompareAndDelete')
    throw new Error('origin')
  }
  await expect(cache.getOrCreate('k', fail)).rejects.toThrow('origin')
  await gate.reached
  const later = cache.getOrCreate('k', () => 'made')
  gate.open()
  expect(await later).toBe('made')
})

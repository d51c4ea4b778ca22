import type { HybridCache, StandardSchema } from '../../src/index.ts'
import { storeTagged } from './coherence.ts'
import { Gate, World } from './world.ts'

// What the tests of getOrCreateMany's rounds share.

/** Values that a factory makes, and those that were stored before. */
export const news = (keys: readonly string[]): Map<string, string> =>
  new Map(keys.map((key) => [key, `new ${key}`]))
export const olds = (...keys: string[]): Map<string, string> =>
  new Map(keys.map((key) => [key, `old ${key}`]))

/** The keys of each call of a factory. */
export const asked = (factory: { mock: { calls: [readonly string[], ...unknown[]][] } }): string[][] =>
  factory.mock.calls.map(([keys]) => keys.toSorted())

export function schemaOf(validate: StandardSchema['~standard']['validate']): StandardSchema {
  return { '~standard': { version: 1, vendor: 'test', validate } }
}

/** An isolate that has to ask for a tag when it has read `k`, and waits for the answer. */
export async function asking(): Promise<{ world: World; cache: HybridCache<true>; tag: Gate }> {
  const world = new World()
  await storeTagged(world)
  const cache = await world.warm()
  const tag = new Gate()
  world.redis.before = async (commands) => {
    if (commands.flat().some((part) => String(part).endsWith(':t:news'))) await tag.pass()
  }
  return { world, cache, tag }
}

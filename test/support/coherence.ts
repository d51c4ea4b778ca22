import type { Command, EntryOptions, HybridCache } from '../../src/index.ts'
import type { World } from './world.ts'

/** When a check falls due, in milliseconds. */
export const due = 5000

/** Waits longer for an answer than a check takes to fall due. */
export const patient = { l2: { timeout: '30s' } } as const

/** Where the log is asked from. */
export function logFrom(commands: readonly Command[] | undefined): unknown {
  return commands?.find(([name]) => name === 'ZRANGE')?.[2]
}

/** The version that the database is at. */
export function versionOf({ redis }: World): number {
  return Number(redis.versions.get('hc:m:v')?.value)
}

/** Two reads, each of which looks at the log, the second while the first one's look is on its way. */
export async function lookTwiceAtOnce(world: World, cache: HybridCache): Promise<void> {
  const gate = world.hold('ZRANGE')
  const first = cache.get('a')
  await gate.reached
  const second = cache.get('b')
  gate.open()
  await Promise.all([first, second])
}

/** An entry with a tag, older than what an isolate knows of from its first request on, and one that is newer. */
export async function storeTagged(world: World, options: EntryOptions = {}): Promise<void> {
  const writer = world.isolate()
  await writer.set('k', 'v', { tags: ['news'], ...options })
  await writer.set('later', 'v')
}

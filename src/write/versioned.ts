// Writes draw a version in Redis, which orders them without comparing clocks. A database that has none, being new or flushed,
// is given one first.
import { lowestSeed, memberOf } from '../coherence/index.ts'
import type { Core } from '../core.ts'
import { CacheError } from '../errors.ts'
import { type LuaScript, SeedVersions } from '../lua/index.ts'
import { unexpected } from '../redis/index.ts'
import type { Run } from '../scripts/index.ts'

/** What a script answers where there are no versions yet: it has written nothing. */
const unseeded = 0
const mostAttempts = 3

/** Runs a script that draws a version, and gives that. */
export async function runVersioned(core: Core, script: LuaScript<number>, run: Run): Promise<number> {
  const { executor } = core
  if (executor === undefined) throw new TypeError('versions are drawn in Redis')
  for (let attempt = 1; attempt <= mostAttempts; attempt++) {
    const version = await executor.run(script, run)
    if (Number.isSafeInteger(version) && version >= lowestSeed) return version
    if (version !== unseeded) throw unexpected()
    await seed(core)
  }
  throw new CacheError('L2_REPLY', 'Redis loses its versions as fast as they are given', { retryable: true })
}

/** Gives a database versions to begin with: one request, and one that asks where they stand. */
export async function seed({ coherence, executor }: Core): Promise<void> {
  await executor?.run(SeedVersions, {
    keys: [coherence.counterKey, coherence.starKey, coherence.logKey],
    args: [memberOf('*', undefined, '')],
    signal: undefined,
  })
  await coherence.refresh()
}

/** What the script of a write takes behind its own arguments, so that others hear of it at once. Nothing without push. */
export function pushWords({ coherence }: Core, members: readonly string[]): readonly string[] {
  return coherence.push?.wordsFor(members) ?? []
}

/** The log as one more key of a script, where there is one. */
export function logKeys({ coherence }: Core): readonly string[] {
  return coherence.isOn ? [coherence.logKey] : []
}

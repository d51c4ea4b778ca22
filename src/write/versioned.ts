// Writes draw a version in Redis, which orders them without comparing clocks. A database without versions, as it is new or was
// flushed, is seeded first.
import { lowestSeed, memberOf } from '../coherence/index.ts'
import type { Core } from '../core.ts'
import { CacheError } from '../errors.ts'
import { type LuaScript, SeedVersions } from '../lua/index.ts'
import { unexpected } from '../redis/index.ts'
import type { Run } from '../scripts/index.ts'

/** The reply of a script if there are no versions yet: it has written nothing. */
const unseeded = 0
const mostAttempts = 3

/** Runs a script that draws a version, and resolves to that. */
export async function runVersioned(core: Core, script: LuaScript<number>, run: Run): Promise<number> {
  const { executor, redis } = core
  if (executor === undefined) throw new TypeError('versions are drawn in Redis')
  const turn = redis?.turn
  if (turn !== undefined) await turn
  for (let attempt = 1; attempt <= mostAttempts; attempt++) {
    const version = await executor.run(script, run)
    if (Number.isSafeInteger(version) && version >= lowestSeed) return version
    if (version !== unseeded) throw unexpected()
    await seed(core)
  }
  throw new CacheError('L2_REPLY', 'Redis keeps losing the version counter of the cache', { retryable: true })
}

/** Seeds the versions of a database: one request, and one that reads them. */
export async function seed({ coherence, executor }: Core): Promise<void> {
  await executor?.run(SeedVersions, {
    keys: [coherence.counterKey, coherence.starKey, coherence.logKey],
    args: [memberOf('*', undefined, '')],
    signal: undefined,
  })
  await coherence.refresh()
}

/** The last arguments of a write's script, by which it is pushed to others. None without push. */
export function pushWords({ coherence }: Core, members: readonly string[]): readonly string[] {
  return coherence.push?.wordsFor(members) ?? []
}

/** The log as one more key of a script, if there is one. */
export function logKeys({ coherence }: Core): readonly string[] {
  return coherence.isOn ? [coherence.logKey] : []
}

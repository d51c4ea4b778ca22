// Writes draw a version in Redis, which orders them without comparing clocks. A database that has none, being new or flushed,
// is given one first.
import { memberOf } from '../coherence/index.ts'
import type { Core } from '../core.ts'
import { CacheError } from '../errors.ts'
import { type LuaScript, SeedVersions } from '../lua/index.ts'
import { starAddress, unexpected } from '../redis/index.ts'
import type { Run } from '../scripts/index.ts'

/** What a script answers where there are no versions yet: it has written nothing. */
const unseeded = 0
/** A counter below this was never seeded. As in the scripts. */
export const lowestSeed = 1e12
const mostAttempts = 3

/** Runs a script that draws a version, and gives its reply; `versionIn` finds the version there. */
export async function runVersioned<Reply>(
  core: Core,
  script: LuaScript<Reply>,
  { run, versionIn }: { run: Run; versionIn: (reply: Reply) => number },
): Promise<Reply> {
  const { executor } = core
  if (executor === undefined) throw new TypeError('versions are drawn in Redis')
  for (let attempt = 1; attempt <= mostAttempts; attempt++) {
    const reply = await executor.run(script, run)
    const version = versionIn(reply)
    if (Number.isSafeInteger(version) && version >= lowestSeed) return reply
    if (version !== unseeded) throw unexpected()
    await seed(core)
  }
  throw new CacheError('L2_REPLY', 'Redis loses its versions as fast as they are given', { retryable: true })
}

/** Gives a database versions to begin with: one request, and one that asks where they stand. */
export async function seed({ coherence, executor, settings }: Core): Promise<void> {
  const star = `${settings.keyPrefix}:${starAddress(undefined)}`
  await executor?.run(SeedVersions, {
    keys: [coherence.counterKey, star, coherence.logKey],
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

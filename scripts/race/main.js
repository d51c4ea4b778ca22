// @ts-check
// The race between a load and a removal, run with this cache and with others: `npm run race`. Prints the table that is in the
// README, and ends with 1 where this cache gives anybody the old value for longer than it says.
import { startDevServer } from 'hybrid-cache/dev'
import { RedisServerEngine } from '../../dist/dev/engine-redis-server.js'
import { contenders } from './contenders/index.js'
import { runAll } from './run.js'
import { tableOf, versionOf } from './table.js'

/** @import { Contender, Meeting } from './types.d.ts' */
/** @import { Result } from './table.js' */

// Its replies are looked into on their way, and so must be text.
const client = { enableTelemetry: false, responseEncoding: false }

/** What an isolate has of its own is judged at its next look at the log, and not before. */
const untilItsLook = new Set(['by tag, by another', 'read in flight'])

process.exitCode = await main().catch((error) => {
  console.error(error instanceof Error ? error.message : error)
  return 1
})

async function main() {
  const engine = new RedisServerEngine()
  const { host, port } = await engine.start()
  const redisUrl = `redis://${host}:${port}`
  const rest = await startDevServer({ engine: { url: redisUrl } })
  try {
    // All at once, each to its end, for Redis must be there until then.
    const runs = await Promise.allSettled(
      contenders.map((each) => run(each, { redisUrl, redisPort: port, rest, client })),
    )
    const failed = runs.find((each) => each.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    const results = runs.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
    console.log(tableOf(results))
    return results.some(isLost) ? 1 : 0
  } finally {
    await rest.close()
    await engine.stop()
  }
}

/** @param {Contender} contender @param {Omit<Meeting, 'name'>} place @returns {Promise<Result>} */
async function run(contender, place) {
  const { name } = contender
  try {
    const outcomes = await runAll(contender, { ...place, name: name.replaceAll(/\W+/g, '-') })
    return { name, version: await versionOf(name), outcomes }
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}

/** @param {Result} result */
function isLost({ name, outcomes }) {
  if (name !== 'hybrid-cache') return false
  return Object.entries(outcomes).some(
    ([column, outcome]) => outcome !== 'new' && !(outcome === 'old, then new' && untilItsLook.has(column)),
  )
}

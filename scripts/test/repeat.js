// @ts-check
// Runs all tests so many times, and tells which of them ever failed: `npm run test:repeat -- 20`. What follows the number goes to
// vitest.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ensureRedis } from './redis.js'
import { countsOf, failuresOf, readReport, withReport } from './report.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const [times = '20', ...args] = process.argv.slice(2)
if (!/^[1-9]\d*$/.test(times))
  throw new TypeError(`how often the tests are to run must be a whole number above 0, not ${times}`)

ensureRedis()
const installed = spawnSync(process.execPath, ['scripts/install-heavy.js'], { cwd: root, stdio: 'inherit' })
if (installed.status !== 0) process.exit(1)

/** All tests, without a word unless vitest itself came to grief. @param {string[]} reporters @param {string} file */
function runOnce(reporters, file) {
  const words = ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...args]
  const { status, stderr } = spawnSync(process.execPath, words, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    maxBuffer: Infinity,
  })
  const report = readReport(file)
  if (report === undefined) console.error(stderr)
  return { counts: countsOf(report), failures: failuresOf(report, status ?? 1) }
}

/** The failures of each test that ever failed, by its name. @type {Map<string, string[]>} */
const ever = new Map()
for (let run = 1; run <= Number(times); run++) {
  const started = performance.now()
  const { counts, failures } = withReport(runOnce, 'json')
  const seconds = Math.round((performance.now() - started) / 1000)
  const { passed, failed, skipped } = counts
  console.log(`run ${run} of ${times}: ${passed} passed, ${failed} failed, ${skipped} skipped, ${seconds} s`)
  for (const { name, message } of failures) {
    console.log(`  FAILED ${name}: ${inShort(message)}`)
    const before = ever.get(name)
    if (before === undefined) ever.set(name, [message])
    else before.push(message)
  }
}

for (const [name, messages] of ever) {
  console.log(`\nFAILED ${messages.length} of ${times} times: ${name}`)
  for (const message of messages) console.log(`  ${inShort(message)}`)
}
process.exitCode = ever.size > 0 ? 1 : 0

/** What a person needs to see it again: the seed of a property, and what was wrong. @param {string} message */
function inShort(message) {
  const [seed] = /\{ seed: [^}]*\}|MODEL_SEED=-?\d+/.exec(message) ?? []
  const [first = ''] = message.split('\n')
  return seed === undefined || first.includes(seed) ? first : `${seed} ${first}`
}

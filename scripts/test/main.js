// @ts-check
// All tests, from one command: `npm test`. Arguments go to vitest: `npm test -- test/unit`.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ensureRedis } from './redis.js'
import { readReport, tellCounts, tellSkipped, withReport } from './report.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** @param {string} command @param {string[]} args */
function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  return status ?? 1
}

const redis = ensureRedis()
const installed = run(process.execPath, [fileURLToPath(new URL('../install-heavy.js', import.meta.url))])
if (installed !== 0) process.exit(installed)
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))
process.exitCode = withReport((reporters, file) => {
  const outcome = run(process.execPath, [vitest, 'run', ...reporters, ...process.argv.slice(2)])
  const report = readReport(file)
  tellSkipped(report, redis)
  tellCounts(report)
  return outcome
})

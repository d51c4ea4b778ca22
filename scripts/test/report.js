// @ts-check
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { howToGetRedis } from './redis.js'

/**
 * @typedef {{ status: string, fullName: string }} Assertion
 * @typedef {{ name: string, status: string, assertionResults: Assertion[] }} File
 * @typedef {{ numPassedTests: number, numFailedTests: number, numTotalTests: number, success: boolean, testResults: File[] }} Report
 */

/**
 * Runs tests with a report of their own beside what a person reads.
 * @template T @param {(reporters: string[], file: string) => T} run @returns {T}
 */
export function withReport(run) {
  const folder = mkdtempSync(join(tmpdir(), 'hybrid-cache-tests-'))
  const file = join(folder, 'report.json')
  try {
    return run(['--reporter=default', '--reporter=json', `--outputFile.json=${file}`], file)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {string} file @returns {Report | undefined} */
export function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

/** Says loudly what was left out, and why. @param {Report | undefined} report @param {string | undefined} redis */
export function tellSkipped(report, redis) {
  const skipped = (report?.testResults ?? []).flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'skipped' || status === 'pending')
      .map(({ fullName }) => `  ${relative(process.cwd(), name)}: ${fullName.trim()}`),
  )
  if (skipped.length > 0) console.log(`\nLEFT OUT, ${skipped.length} tests:\n${skipped.join('\n')}`)
  if (redis !== undefined) return
  console.log('\nThere is no redis-server here, so that everything ran on the embedded engine only.')
  console.log(`The real thing, in one command:\n\n  ${howToGetRedis()}\n`)
}

/** The line that stands for the whole run. A file that could not even be loaded counts as one failure. @param {Report | undefined} report */
export function tellCounts(report) {
  const unloaded = (report?.testResults ?? []).filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((each) => each.status === 'failed'),
  )
  const failed = report === undefined ? 1 : report.numFailedTests + unloaded.length
  console.log(`\ntests: ${report?.numPassedTests ?? 0} passed, ${failed} failed`)
}

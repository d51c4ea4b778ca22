// @ts-check
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { howToGetRedis } from './redis.js'

/**
 * @typedef {{ status: string, fullName: string, failureMessages?: string[] | null }} Assertion
 * @typedef {{ name: string, status: string, message?: string, assertionResults: Assertion[] }} File
 * @typedef {{ numPassedTests: number, numFailedTests: number, numTotalTests: number, success: boolean, testResults: File[] }} Report
 */

/**
 * Runs tests with a report of their own beside what a person reads, or with nothing else.
 * @template T @param {(reporters: string[], file: string) => T} run @param {'default' | 'json'} shown @returns {T}
 */
export function withReport(run, shown = 'default') {
  const folder = mkdtempSync(join(tmpdir(), 'hybrid-cache-tests-'))
  const file = join(folder, 'report.json')
  try {
    const reporters = [...new Set([shown, 'json'])].map((name) => `--reporter=${name}`)
    return run([...reporters, `--outputFile.json=${file}`], file)
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
      .filter(isSkipped)
      .map(({ fullName }) => `  ${relative(process.cwd(), name)}: ${fullName.trim()}`),
  )
  if (skipped.length > 0) console.log(`\nLEFT OUT, ${skipped.length} tests:\n${skipped.join('\n')}`)
  if (redis !== undefined) return
  console.log('\nThere is no redis-server here, so that everything ran on the embedded engine only.')
  console.log(`The real thing, in one command:\n\n  ${howToGetRedis()}\n`)
}

/** The line that stands for the whole run. @param {Report | undefined} report */
export function tellCounts(report) {
  const { passed, failed } = countsOf(report)
  console.log(`\ntests: ${passed} passed, ${failed} failed`)
}

/** A file that could not even be loaded counts as one failure. @param {Report | undefined} report */
export function countsOf(report) {
  const files = report?.testResults ?? []
  return {
    passed: report?.numPassedTests ?? 0,
    failed: report === undefined ? 1 : report.numFailedTests + files.filter(isUnloaded).length,
    skipped: files.flatMap(({ assertionResults }) => assertionResults.filter(isSkipped)).length,
  }
}

/**
 * What failed, and how. Where the run as a whole did, and no test of it, that is named.
 * @param {Report | undefined} report @param {number} exitCode @returns {{ name: string, message: string }[]}
 */
export function failuresOf(report, exitCode) {
  const failures = (report?.testResults ?? []).flatMap((file) => {
    const path = relative(process.cwd(), file.name)
    if (isUnloaded(file)) return [{ name: path, message: file.message ?? '' }]
    return file.assertionResults.filter(isFailed).map(({ fullName, failureMessages }) => ({
      name: `${path}: ${fullName.trim()}`,
      message: failureMessages?.[0] ?? '',
    }))
  })
  if (failures.length > 0 || exitCode === 0) return failures
  return [{ name: 'the run itself', message: `no test failed, but vitest ended with ${exitCode}` }]
}

/** @param {Assertion} assertion */
function isSkipped({ status }) {
  return status === 'skipped' || status === 'pending'
}

/** @param {Assertion} assertion */
function isFailed({ status }) {
  return status === 'failed'
}

/** @param {File} file */
function isUnloaded({ status, assertionResults }) {
  return status === 'failed' && !assertionResults.some(isFailed)
}

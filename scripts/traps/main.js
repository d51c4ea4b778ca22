// @ts-check
// `npm run test:traps`: plants each bug of the list into a copy of the package, and shows which test notices. Arguments are
// traps: `npm run test:traps -- V2 V27`.
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { leftOut, planted } from './list.js'
import { pushed } from './push.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const generated = 'src/lua/scripts.ts'
const histories = process.env.MODEL_RUNS ?? '1500'

/** @typedef {import('./list.js').Planted} Planted */

/** A copy of what the tests need. */
function copy() {
  const folder = mkdtempSync(join(tmpdir(), 'hybrid-cache-traps-'))
  for (const each of ['src', 'test', 'scripts', 'package.json', 'tsconfig.json'])
    cpSync(join(root, each), join(folder, each), { recursive: true })
  symlinkSync(realpathSync(join(root, 'node_modules')), join(folder, 'node_modules'))
  const settings = {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/replay.ts', 'test/support/put-back.ts'],
    testTimeout: 20_000,
  }
  writeFileSync(join(folder, 'traps.config.js'), `export default { test: ${JSON.stringify(settings)} }\n`)
  return folder
}

/** Replaces text that has to be there, exactly once. @param {string} folder @param {Planted} bug */
function plant(folder, { trap, edits }) {
  for (const [file, from, to] of edits) {
    const text = readFileSync(join(folder, file), 'utf8')
    const parts = text.split(from)
    if (parts.length !== 2) throw new Error(`${trap}: ${file} has ${parts.length - 1} times: ${from}`)
    writeFileSync(join(folder, file), parts.join(to))
  }
  if (edits.some(isScript)) generate(folder)
}

/** @param {import('./list.js').Edit} edit */
function isScript([file]) {
  return file.endsWith('.lua')
}

/** Scripts are generated from their Lua files. @param {string} folder */
function generate(folder) {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/lua/generate.js'], {
    cwd: folder,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
}

/** @param {string} folder @param {Planted} bug */
function takeBack(folder, { edits }) {
  for (const [file] of edits) cpSync(join(root, file), join(folder, file))
  if (edits.some(isScript)) cpSync(join(root, generated), join(folder, generated))
}

/** The names of the tests of a file, or a folder, that fail. @param {string} folder @param {string} tests @returns {string[]} */
function failing(folder, tests) {
  const report = join(folder, 'report.json')
  rmSync(report, { force: true })
  const vitest = join(folder, 'node_modules/vitest/vitest.mjs')
  const words = ['run', '--config', 'traps.config.js', '--reporter=json', `--outputFile=${report}`, tests]
  const env = { ...process.env, MODEL_RUNS: histories }
  const { stderr, signal } = spawnSync(process.execPath, [vitest, ...words], {
    cwd: folder,
    env,
    encoding: 'utf8',
    timeout: 300_000,
    killSignal: 'SIGKILL',
  })
  if (signal === 'SIGKILL') return ['it never comes to an end']
  if (!existsSync(report)) throw new Error(`${tests} could not be run:\n${stderr}`)
  const { testResults, numTotalTests } = JSON.parse(readFileSync(report, 'utf8'))
  if (numTotalTests === 0)
    throw new Error(`${tests} has no tests, or cannot be loaded:\n${testResults[0]?.message}`)
  return testResults.flatMap(
    (/** @type {{ assertionResults: { status: string, fullName: string }[] }} */ file) =>
      file.assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
  )
}

/** Whether a test notices the bug. @param {string} folder @param {Planted} bug */
function isCaught(folder, bug) {
  plant(folder, bug)
  let caught = false
  try {
    for (const tests of bug.tests) {
      const names = failing(folder, tests)
      if (names.length > 0) caught = true
      const more = names.length > 1 ? `, and ${names.length - 1} more` : ''
      console.log(`    ${tests}: ${names.length === 0 ? 'nothing' : `${names[0]}${more}`}`)
      if (caught && process.env.TRAPS_ALL !== '1') break
    }
  } finally {
    takeBack(folder, bug)
  }
  return caught
}

const wanted = process.argv.slice(2)
const bugs = [...planted, ...pushed].filter(({ trap }) => wanted.length === 0 || wanted.includes(trap))
const folder = copy()
const survivors = []
try {
  for (const tests of new Set(bugs.flatMap((bug) => bug.tests))) {
    const [name] = failing(folder, tests)
    if (name !== undefined) throw new Error(`without any bug planted, this fails: ${tests}: ${name}`)
  }
  for (const bug of bugs) {
    console.log(`${bug.trap}: ${bug.what}`)
    if (isCaught(folder, bug)) continue
    console.log('    SURVIVES')
    survivors.push(bug)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
for (const { trap, why } of leftOut) console.log(`${trap}: not planted: ${why}`)
const missing = Array.from({ length: 34 }, (_, i) => `V${i + 1}`).filter(
  (trap) => !planted.some((bug) => bug.trap === trap),
)
if (missing.length > 0) console.log(`No bug for ${missing.join(', ')}`)
console.log(`\ntraps: ${bugs.length - survivors.length} caught, ${survivors.length} survived`)
process.exitCode = survivors.length + missing.length > 0 ? 1 : 0

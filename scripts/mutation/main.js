// @ts-check
// `npm run mutation`: changes one thing after another in the source, and shows what no test in memory notices. Arguments are folders:
// `npm run mutation -- memory entry`. `MUTATION_CONCURRENCY` says how many run at once, 1 where it is not given.
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { scoreOf, tellSurvivors } from './score.js'

/** In hundredths of the mutants that are worth a test, over all folders of a run. */
const lowest = 85
const all = ['entry', 'memory', 'read', 'write', 'load', 'coherence']

const root = fileURLToPath(new URL('../..', import.meta.url))
const stryker = 'test/mutation/node_modules/@stryker-mutator/core/bin/stryker.js'
const report = join(root, 'coverage/mutation/report.json')

/** @param {string[]} words */
function run(...words) {
  const { status } = spawnSync(process.execPath, words, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

const folders = process.argv.length > 2 ? process.argv.slice(2) : all
const strange = folders.filter((folder) => !all.includes(folder))
if (strange.length > 0) {
  console.error(`no folder of these: ${strange.join(', ')}. There are ${all.join(', ')}.`)
  process.exit(1)
}

run('scripts/install-heavy.js', 'test/mutation')
rmSync(report, { force: true })
const mutate = folders.map((folder) => `src/${folder}/**/*.ts`).join(',')
run(stryker, 'run', 'test/mutation/stryker.config.js', '--mutate', mutate)

const { files } = JSON.parse(readFileSync(report, 'utf8'))
tellSurvivors(files)
for (const folder of folders) console.log(scoreOf(files, folder).line)
const { score, line } = scoreOf(files, undefined)
console.log(`${line}; the least is ${lowest} %`)
process.exitCode = score < lowest ? 1 : 0

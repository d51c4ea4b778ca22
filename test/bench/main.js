// @ts-check
// `npm run bench`: everything, or what is named: `npm run bench -- hits codec`. `--write` keeps what all of it came to, in results.json
// and docs/benchmarks.md; `--check` fails where a ratio is worse than what was kept, by more than its noise.
import { readFileSync, writeFileSync } from 'node:fs'
import { counts, races } from './groups/index.js'
import { fallenBack } from './check.js'
import { print } from './print.js'
import { writePages } from './report/index.js'
import { inProcess, runRace } from './run.js'
import { hasRedis } from './stage.js'

/** @import { Results } from './report/index.js' */

const kept = new URL('results.json', import.meta.url)
const words = process.argv.slice(2)
const named = words.filter((word) => !word.startsWith('--'))
const all = { ...races, ...counts }
process.exitCode = await main()

async function main() {
  const unknown = named.find((name) => !(name in all))
  if (unknown !== undefined) {
    console.error(`There is no ${unknown}: ${Object.keys(all).join(', ')}`)
    return 1
  }
  if (words.includes('--check')) return check()
  const writes = words.includes('--write')
  if (writes && (named.length > 0 || !hasRedis())) {
    console.error('What is kept is a whole run, with a redis-server.')
    return 1
  }
  const results = await measure()
  if (!writes) return 0
  writeFileSync(kept, `${JSON.stringify(results, undefined, 2)}\n`)
  writePages(results)
  return 0
}

/** @returns {Promise<Results>} */
async function measure() {
  /** @type {any} */
  const results = { node: process.version.slice(1), ratios: [] }
  for (const [name, { apart, redis }] of /** @type {[string, any][]} */ (Object.entries(all))) {
    if (named.length > 0 ? !named.includes(name) : apart === true) continue
    if (redis === true && !hasRedis()) {
      console.log(`${name} was left out: there is no redis-server here.`)
      continue
    }
    if (name in counts) {
      results[name] = await inProcess(name)
      print(name, results[name])
    } else {
      const { results: ratios, remarks } = await runRace(name)
      results.ratios.push(...ratios)
      print(name, ratios, remarks)
    }
  }
  return results
}

async function check() {
  /** @type {Results} */
  const { ratios } = JSON.parse(readFileSync(kept, 'utf8'))
  const names = Object.keys(races).filter(
    (name) => races[name]?.kept && (races[name]?.redis !== true || hasRedis()),
  )
  const wanted = names.filter((name) => named.length === 0 || named.includes(name))
  let failed = false
  for (const name of wanted) {
    const { results } = await runRace(name)
    print(name, results)
    if (fallenBack(results, ratios).length === 0) continue
    // A machine may be busy with something else for as long as a group takes.
    const { results: second } = await runRace(name)
    for (const line of fallenBack(second, ratios)) {
      console.error(line)
      failed = true
    }
  }
  return failed ? 1 : 0
}

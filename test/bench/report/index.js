// @ts-check
import { readFileSync, writeFileSync } from 'node:fs'
import { chartOf } from './chart.js'
import { tables } from './tables.js'

/** @import { Bill } from '../groups/costs.js' */
/** @import { Footprint } from '../groups/memory.js' */
/** @import { Stampede } from '../groups/stampede.js' */
/** @import { Startup } from '../groups/startup.js' */
/** @import { Result } from '../run.js' */

/**
 * What a whole run came to.
 *
 * @typedef {{
 *   node: string, ratios: Result[], costs: Bill[], stampede: Stampede[], memory: Footprint[], startup: Startup[]
 * }} Results
 */

const page = new URL('../../../docs/benchmarks.md', import.meta.url)
const chart = new URL('../../../docs/benchmarks.svg', import.meta.url)

/** The page with each of its tables as the results have it: what stands between `<!-- name -->` and `<!-- end -->`. @param {string} text @param {Results} results */
export function withTables(text, results) {
  return text.replaceAll(/<!-- (\w+) -->\n[^]*?<!-- end -->/g, (_, /** @type {string} */ name) => {
    const table = tables[name]
    if (table === undefined)
      throw new Error(`docs/benchmarks.md wants a table ${name}: ${Object.keys(tables).join(', ')}`)
    return `<!-- ${name} -->\n\n${table(results)}\n\n<!-- end -->`
  })
}

/** @param {Results} results */
export function writePages(results) {
  writeFileSync(page, withTables(readFileSync(page, 'utf8'), results))
  writeFileSync(chart, chartOf(results))
}

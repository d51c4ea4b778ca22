// @ts-check
import { textLength } from '../groups/memory.js'
import { inTimes } from '../run.js'
import { cellOf, costOf, spreadOf, tableOf } from './markdown.js'
import { priceOf } from './price.js'

/** @import { Result } from '../run.js' */
/** @import { Results } from './index.js' */

/** @param {Results} results @param {string[]} groups */
const inGroups = ({ ratios }, ...groups) => ratios.filter(({ group }) => groups.includes(group))

/** @param {number} number */
const inThousands = (number) => Math.round(number).toLocaleString('en-US')

/** A line a row and a column a library. @param {readonly Result[]} results @param {string} way */
function sideBySide(results, way) {
  const ending = `, over ${way}`
  const mine = results.filter(({ row }) => row.endsWith(ending))
  const [rows, names] = [[...new Set(mine.map(({ row }) => row))], [...new Set(mine.map(({ name }) => name))]]
  const cell = (/** @type {string} */ row, /** @type {string} */ name) => {
    const result = mine.find((each) => each.row === row && each.name === name)
    return result === undefined ? '' : cellOf(result)
  }
  return tableOf(
    ['', ...names],
    rows.map((row) => [row.slice(0, -ending.length)].concat(names.map((name) => cell(row, name)))),
  )
}

/** The tables of the page by name. @type {Readonly<Record<string, (results: Results) => string>>} */
export const tables = {
  floors: (results) =>
    tableOf(
      ['', 'beside', 'median', 'spread', 'goal'],
      inGroups(results, 'floor', 'codec', 'redis').map((result) => [
        result.row,
        result.name.replace('beside ', ''),
        result.goal !== undefined && result.ratio > result.goal
          ? `**${inTimes(result.ratio)}**`
          : inTimes(result.ratio),
        spreadOf(result),
        result.goal === undefined ? '' : inTimes(result.goal),
      ]),
    ),
  hits: (results) =>
    tableOf(
      ['', 'beside hybrid-cache'],
      inGroups(results, 'hits').map((result) => [result.name, cellOf(result)]),
    ),
  http: (results) => sideBySide(inGroups(results, 'shared', 'mixed'), 'HTTP'),
  tcp: (results) => sideBySide(inGroups(results, 'shared', 'mixed'), 'TCP'),
  scripts: (results) =>
    tableOf(
      ['script', 'command', 'requests/commands', 'latency beside it'],
      inGroups(results, 'scripts').map((result) => {
        const [, bare = '', requests, commands] =
          /^beside (\w+), (\d+) request, (\d+)/.exec(result.name) ?? []
        return [
          `\`${result.row}\``,
          `\`${bare}\``,
          `${requests}/${commands}`,
          `${inTimes(result.ratio)} (${spreadOf(result)})`,
        ]
      }),
    ),
  costs({ costs }) {
    const columns = Object.keys(costs[0]?.costs ?? {})
    return tableOf(
      ['', ...columns],
      costs.map((bill) => [bill.name].concat(columns.map((column) => costOf(bill.costs[column])))),
    )
  },
  price: ({ costs }) =>
    tableOf(
      ['', 'commands', 'a million requests'],
      costs.map((bill) => {
        const { commands, dollars, most, mostDollars } = priceOf(bill)
        const range = (/** @type {string} */ low, /** @type {string} */ high) =>
          low === high ? low : `${low} to ${high}`
        return [
          bill.name,
          range(inThousands(commands), inThousands(most)),
          range(`$${dollars.toFixed(2)}`, `$${mostDollars.toFixed(2)}`),
        ]
      }),
    ),
  stampede: ({ stampede }) =>
    tableOf(
      ['', 'factory calls'],
      stampede.map(({ name, calls }) => [name, String(calls)]),
    ),
  memory: ({ memory }) =>
    tableOf(
      ['', 'bytes an entry', 'beside its JSON text'],
      memory.map(({ name, bytes }) => [name, inThousands(bytes), inTimes(bytes / textLength)]),
    ),
  startup: ({ startup }) =>
    tableOf(
      ['', 'median', 'least'],
      startup.map(({ name, median, least }) => [name, `${median.toFixed(1)} ms`, `${least.toFixed(1)} ms`]),
    ),
}

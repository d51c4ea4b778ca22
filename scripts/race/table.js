// @ts-check
import { readFile } from 'node:fs/promises'

/** @import { Outcome } from './run.js' */
/** @typedef {{ name: string, version: string, outcomes: Record<string, Outcome> }} Result */

/** A table in Markdown, its columns as wide as they must be. @param {readonly Result[]} results */
export function tableOf(results) {
  const columns = Object.keys(results[0]?.outcomes ?? {})
  const rows = [
    ['', ...columns],
    ...results.map(({ name, version, outcomes }) => [
      `${name} ${version}`.trim(),
      ...columns.map((column) => inWords(outcomes[column])),
    ]),
  ]
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? []
  const [head = '', ...body] = rows.map(
    (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`,
  )
  return [head, `|${widths.map(() => '--|').join('')}`, ...body].join('\n')
}

/** @param {Outcome | undefined} outcome */
function inWords(outcome) {
  return outcome === 'OLD' ? '**OLD**' : (outcome ?? '')
}

/** Which version of a peer is installed. This cache has that of the tree. @param {string} name */
export async function versionOf(name) {
  if (name === 'hybrid-cache') return ''
  const file = new URL(`../../test/peers/node_modules/${name}/package.json`, import.meta.url)
  return JSON.parse(await readFile(file, 'utf8')).version
}

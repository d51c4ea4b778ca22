// @ts-check
// The chart of docs/benchmarks.md: how long others take, on a scale on which twice as fast is as far from the middle as twice as slow.

/** @import { Result } from '../run.js' */
/** @import { Results } from './index.js' */

const [width, left, right, top, line] = [880, 262, 24, 124, 46]
const [least, most] = [1 / 64, 16]
// Dots that would hide each other stand one below the other.
const lanes = [0, -11, 11, -19, 19]

/** Each library has a letter and a colour, from Okabe and Ito's palette for all kinds of sight. @type {Readonly<Record<string, readonly [string, string]>>} */
const marks = {
  '@upstash/redis': ['U', '#000000'],
  '@unkey/cache': ['K', '#56B4E9'],
  'async-cache-dedupe': ['A', '#009E73'],
  bentocache: ['B', '#E69F00'],
  'cache-manager': ['M', '#0072B2'],
  cacheable: ['C', '#D55E00'],
  '@epic-web/cachified': ['E', '#CC79A7'],
  'layered-loader': ['L', '#7A5195'],
  'lru-cache': ['R', '#8C6D31'],
  "hybrid-cache, `'share'`": ['S', '#59636E'],
}

/** Where a ratio is, from left to right. @param {number} ratio */
function placeOf(ratio) {
  const share = Math.log(Math.min(most, Math.max(least, ratio)) / least) / Math.log(most / least)
  return Math.round((left + share * (width - left - right)) * 10) / 10
}

/** @param {Results} results */
export function chartOf({ ratios }) {
  const shown = ratios.filter(
    ({ group, name }) => ['hits', 'shared', 'mixed'].includes(group) && libraryOf(name) !== undefined,
  )
  const rows = [...new Set(shown.map(({ row }) => row))]
  const height = top + rows.length * line + 40
  const lines = rows.flatMap((row, i) =>
    lineOf(
      row,
      top + i * line,
      shown.filter((each) => each.row === row),
    ),
  )
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title" font-family="system-ui, sans-serif" font-size="13">`,
    '<title id="title">How long others take, as a multiple of what hybrid-cache takes</title>',
    `<rect width="${width}" height="${height}" rx="10" fill="#ffffff" stroke="#d0d7de"/>`,
    ...legend(),
    ...scale(height),
    ...lines,
    '</svg>',
  ].join('\n')}\n`
}

/** @param {string} name */
const libraryOf = (name) =>
  Object.keys(marks).find((library) => name === library || name.startsWith(`${library} (`))

function legend() {
  return Object.entries(marks).flatMap(([name, mark], i) => {
    const [x, y] = [24 + (i % 5) * 165, 26 + Math.floor(i / 5) * 24]
    return [
      dot(x, y, mark),
      `<text x="${x + 14}" y="${y + 4}" fill="#1f2328">${name.replaceAll('`', '')}</text>`,
    ]
  })
}

/** @param {number} height */
function scale(height) {
  const ticks = [1 / 64, 1 / 16, 1 / 4, 1, 4, 16]
  const middle = placeOf(1)
  const words = [
    `<text x="${middle - 12}" y="${top - 34}" fill="#59636e" text-anchor="end">faster</text>`,
    `<text x="${middle + 12}" y="${top - 34}" fill="#59636e">slower</text>`,
  ]
  const lines = ticks.flatMap((ratio) => {
    const x = placeOf(ratio)
    const label = ratio === 1 ? 'hybrid-cache' : ratio < 1 ? `1/${1 / ratio}` : `${ratio}x`
    return [
      `<path d="M${x} ${top - 26}V${height - 34}" stroke="${ratio === 1 ? '#1f2328' : '#d8dee4'}"${ratio === 1 ? ' stroke-width="2"' : ''}/>`,
      `<text x="${x}" y="${height - 12}" fill="#59636e" text-anchor="middle">${label}</text>`,
    ]
  })
  return words.concat(lines)
}

/** @param {string} row @param {number} y @param {readonly Result[]} results */
function lineOf(row, y, results) {
  /** Where the last dot of each lane is. @type {number[]} */
  const taken = []
  const dots = results
    .toSorted((one, other) => one.ratio - other.ratio)
    .flatMap(({ name, ratio, low, high }) => {
      const mark = marks[libraryOf(name) ?? '']
      if (mark === undefined) return []
      const x = placeOf(ratio)
      const lane = lanes.findIndex((_, i) => x - (taken[i] ?? -Infinity) > 17)
      taken[lane] = x
      const at = y + (lanes[lane] ?? 0)
      const spread = `<path d="M${placeOf(low)} ${at}H${placeOf(high)}" stroke="${mark[1]}" stroke-width="3" stroke-opacity="0.4"/>`
      return [spread, dot(x, at, mark)]
    })
  return [`<text x="16" y="${y + 4}" fill="#1f2328">${row.replaceAll('&', '&amp;')}</text>`].concat(dots)
}

/** @param {number} x @param {number} y @param {readonly [string, string]} mark */
function dot(x, y, [letter, colour]) {
  const circle = `<circle cx="${x}" cy="${y}" r="8" fill="${colour}" fill-opacity="0.9"/>`
  return `${circle}<text x="${x}" y="${y + 4}" fill="#ffffff" font-size="11" font-weight="600" text-anchor="middle">${letter}</text>`
}

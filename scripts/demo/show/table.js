// @ts-check
import { answeredBy } from './styles.js'

/** @import { Happening, Report, Row } from '../types.d.ts' */
/** @import { Style } from './styles.js' */

/** The columns, from the left, and their widths; numbers end at theirs. With the gaps: 100 characters. */
const columns = /** @type {const} */ ([
  ['', 1],
  ['', 18],
  ['tier', 9],
  ['value', 5],
  ['ms', -6],
  ['HTTP', -4],
  ['cmds', -4],
  ['what happens', 38],
])
const WIDTH = 100

/**
 * @param {string} title
 * @param {Style} style
 */
export function header(title, style) {
  const [what = '', redis = ''] = title.split('\n')
  const [isolate = '', request = '', ...names] = cells(columns.map(([name]) => name))
  const first = 'isolate, request'.padEnd(isolate.length + 2 + request.length)
  return [
    '',
    ` ${style(what, 'bold')}`,
    ` ${redis}`,
    '',
    ` ${style([first, ...names].join('  ').trimEnd(), 'dim')}`,
    ` ${style('─'.repeat(WIDTH - 1), 'dim')}`,
  ].join('\n')
}

/**
 * @param {Happening} happening
 * @param {Style} style
 */
export function line(happening, style) {
  if (happening.kind === 'act') return `\n ${style(happening.text, 'bold')}`
  if (happening.kind === 'event') return ` ${style(`── ${happening.text}`, 'dim')}`
  return rowLine(happening.row, style)
}

/**
 * @param {Report} report
 * @param {Style} style
 */
export function footer({ ok, happenings, seconds, caption, failure = '' }, style) {
  const count = happenings.filter(({ kind }) => kind === 'row').length
  const verdict = ok
    ? style(`✓ ${count} rows, each as expected, in ${seconds.toFixed(1)} s`, 'green')
    : style(`✗ ${failure}`, 'red', 'bold')
  return `\n ${style('─'.repeat(WIDTH - 1), 'dim')}\n ${style(caption, 'dim')}\n ${verdict}\n`
}

/**
 * @param {Row} row
 * @param {Style} style
 */
function rowLine(row, style) {
  const { word, colour } = answeredBy(row)
  const texts = [
    row.isolate,
    row.request,
    word,
    row.value ?? '',
    row.ms.toFixed(1),
    `${row.requests}`,
    `${row.commands}`,
    row.wrong.length === 0 ? row.note : `✗ ${row.note}`,
  ]
  const padded = cells(texts)
  padded[2] = colour === 'plain' ? (padded[2] ?? '') : style(padded[2] ?? '', colour)
  if (row.wrong.length > 0) padded[7] = style(padded[7] ?? '', 'red')
  return ` ${padded.join('  ').trimEnd()}`
}

/** @param {readonly string[]} texts */
function cells(texts) {
  return columns.map(([, width], at) => {
    const text = texts[at] ?? ''
    return width < 0 ? text.padStart(-width) : text.padEnd(width)
  })
}

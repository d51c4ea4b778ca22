// @ts-check
import { answeredBy } from './styles.js'
import { element, palette, text, WIDTH } from './svg-elements.js'

/** @import { Happening, Report, Row } from '../types.d.ts' */

const LEFT = 26
const LINE = 21
/** Where each column stands; numbers end there, all else begins there. */
const at = { isolate: LEFT, request: 54, tier: 202, value: 300, ms: 384, http: 430, cmds: 474, note: 494 }

/**
 * The table of a run as a picture of its own, in the look of a terminal.
 *
 * @param {Report} report
 */
export function drawing(report) {
  const parts = [...heading(report)]
  let y = 138
  for (const happening of report.happenings) {
    if (happening.kind === 'act') y += 12
    parts.push(...line(happening, y))
    y += happening.kind === 'act' ? LINE + 2 : LINE
  }
  parts.push(...footer(report, y + 8))
  return picture(parts, y + 62)
}

/**
 * @param {readonly string[]} parts
 * @param {number} height
 */
function picture(parts, height) {
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    width: WIDTH,
    height,
    viewBox: `0 0 ${WIDTH} ${height}`,
    role: 'img',
    'aria-labelledby': 'title',
    'font-family': "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
    'font-size': 13,
  }
  const frame = { x: 0.5, y: 0.5, width: WIDTH - 1, height: height - 1, rx: 10 }
  const card = element('rect', { ...frame, fill: palette.background, stroke: palette.line })
  const name = element('title', { id: 'title' }, 'What each request of the demo costs, and who answers it')
  return `${element('svg', attributes, `\n${[name, card, ...parts].join('\n')}\n`)}\n`
}

/** @param {Report} report */
function heading({ title }) {
  const [what = '', redis = ''] = title.split('\n')
  const dots = ['#ff5f57', '#febc2e', '#28c840'].map((fill, i) =>
    element('circle', { cx: LEFT + 6 + i * 20, cy: 22, r: 6, fill }),
  )
  const names = /** @type {const} */ ([
    ['isolate, request', at.isolate, 'start'],
    ['tier', at.tier, 'start'],
    ['value', at.value - 6, 'start'],
    ['ms', at.ms, 'end'],
    ['HTTP', at.http, 'end'],
    ['cmds', at.cmds, 'end'],
    ['what happens', at.note, 'start'],
  ])
  return [
    ...dots,
    text('npm run demo', WIDTH / 2, 26, { fill: palette.dim, 'text-anchor': 'middle' }),
    rule(44),
    text(what, LEFT, 68, { fill: palette.bright, 'font-weight': 600 }),
    text(redis, LEFT, 88, { fill: palette.dim }),
    ...names.map(([name, x, anchor]) => text(name, x, 118, { fill: palette.dim, 'text-anchor': anchor })),
    rule(128),
  ]
}

/**
 * @param {Happening} happening
 * @param {number} y The middle of the line.
 */
function line(happening, y) {
  const base = y + 12
  if (happening.kind === 'act')
    return [text(happening.text, LEFT, base, { fill: palette.bright, 'font-weight': 600 })]
  if (happening.kind === 'row') return rowParts(happening.row, base)
  return [
    element('path', { d: `M${LEFT} ${base - 4}h18`, stroke: palette.dim, 'stroke-dasharray': '3 3' }),
    text(happening.text, at.request, base, { fill: palette.dim, 'font-style': 'italic' }),
  ]
}

/**
 * @param {Row} row
 * @param {number} base
 */
function rowParts(row, base) {
  const { word, colour } = answeredBy(row)
  const fill = palette[colour]
  const isolate = row.isolate === 'A' ? palette.a : palette.b
  const end = { 'text-anchor': 'end' }
  return [
    badge(at.isolate, base, { width: 18, fill: isolate, word: row.isolate }),
    text(row.request, at.request, base, { fill: palette.text }),
    badge(at.tier, base, { width: 82, fill, word }),
    text(row.value ?? '', at.value, base, { fill: palette.text }),
    text(row.ms.toFixed(1), at.ms, base, { ...end, fill }),
    text(`${row.requests}`, at.http, base, {
      ...end,
      fill: row.requests === 0 ? palette.dim : palette.bright,
    }),
    text(`${row.commands}`, at.cmds, base, {
      ...end,
      fill: row.commands === 0 ? palette.dim : palette.bright,
    }),
    text(row.note, at.note, base, { fill: palette.soft }),
  ]
}

/**
 * @param {number} x
 * @param {number} base
 * @param {{ width: number, fill: string, word: string }} look
 */
function badge(x, base, { width, fill, word }) {
  const box = { x, y: base - 12.5, width, height: 17, rx: 4, fill, 'fill-opacity': 0.16 }
  const label = { fill, 'text-anchor': 'middle', 'font-size': 11.5, 'font-weight': 600 }
  return element('rect', box) + text(word, x + width / 2, base - 0.3, label)
}

/**
 * @param {Report} report
 * @param {number} y
 */
function footer({ caption, happenings, seconds }, y) {
  const count = happenings.filter(({ kind }) => kind === 'row').length
  const verdict = `✓ ${count} rows, each as expected, in ${seconds.toFixed(1)} s`
  return [
    rule(y),
    text(caption, LEFT, y + 20, { fill: palette.dim }),
    text(verdict, LEFT, y + 40, { fill: palette.green }),
  ]
}

/** @param {number} y */
function rule(y) {
  return element('path', { d: `M0 ${y}.5H${WIDTH}`, stroke: palette.line })
}

// @ts-check

export const WIDTH = 820

export const palette = {
  background: '#0d1117',
  line: '#30363d',
  bright: '#f0f6fc',
  text: '#d1d7e0',
  soft: '#adb6c2',
  plain: '#adb6c2',
  dim: '#7d8590',
  green: '#3fb950',
  cyan: '#58a6ff',
  yellow: '#e3b341',
  red: '#ff7b72',
  a: '#d2a8ff',
  b: '#ffa198',
}

/** @typedef {Record<string, string | number>} Attributes */

/**
 * @param {string} name
 * @param {Attributes} attributes
 * @param {string} [content] Markup.
 */
export function element(name, attributes, content) {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`)
  const start = `<${name}${list.join('')}`
  return content === undefined ? `${start}/>` : `${start}>${content}</${name}>`
}

/**
 * @param {string} words
 * @param {number} x
 * @param {number} y
 * @param {Attributes} look
 */
export function text(words, x, y, look) {
  return words === '' ? '' : element('text', { x, y, ...look }, escaped(words))
}

/** @param {string} value */
function escaped(value) {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

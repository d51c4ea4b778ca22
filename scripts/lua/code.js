// @ts-check
import { Fault } from './fault.js'

/**
 * A line of Lua without its comment and indentation; and the same with the inside of its strings blanked, so
 * that a search finds code only.
 * @typedef {{ code: string, bare: string }} Line
 */

/**
 * Splits a file into lines of code. A comment leaves an empty line, so that line numbers stay.
 * @param {string} text @param {string} file @returns {Line[]}
 */
export function readCode(text, file) {
  return text.split('\n').map((line, index) => {
    if (line.includes('#!')) throw new Fault(file, index + 1, 'a shebang belongs to the generator')
    if (/\[=*\[/.test(line)) throw new Fault(file, index + 1, 'no long strings or long comments')
    if (/\r|\t/.test(line)) throw new Fault(file, index + 1, 'no tabs or carriage returns')
    return readLine(line, file, index + 1)
  })
}

/** @param {string} text @param {string} file @param {number} number @returns {Line} */
function readLine(text, file, number) {
  let [bare, quote] = ['', '']
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at)
    if (quote === '' && text.startsWith('--', at)) return trimmed(text.slice(0, at), bare)
    if (quote !== '' && char === '\\') {
      bare += '  '
      at += 1
    } else if (quote !== '' && char !== quote) {
      bare += ' '
    } else {
      bare += char
      if (quote !== '') quote = ''
      else if (char === "'" || char === '"') quote = char
    }
  }
  if (quote !== '') throw new Fault(file, number, 'a string must end on its line')
  return trimmed(text, bare)
}

/** @param {string} code @param {string} bare @returns {Line} */
function trimmed(code, bare) {
  const end = code.trimEnd().length
  const start = code.length - code.trimStart().length
  return { code: code.slice(start, end), bare: bare.slice(start, end) }
}

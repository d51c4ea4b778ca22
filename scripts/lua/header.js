// @ts-check
import { Fault } from './fault.js'

/**
 * @typedef {{
 *   name: string, index: number | 'N' | 'N+1', from: number, optional: boolean, type: string, about: string,
 *   line: number
 * }} Parameter `index` is `N` for `[1..N]`, and for `[2..N]`, of which `from` is 2: all that follow.
 * @typedef {{
 *   about: string, keys: Parameter[], args: Parameter[], returns: { type: string, about: string },
 *   idempotent: boolean, readonly: boolean, dynamicKeys: boolean, commands: { count: string, when: string }[]
 * }} Header
 */

const PARAMETER = /^(KEYS|ARGV)\[(\d+|\d\.\.N|N\+1)\] ([a-z][a-zA-Z]*)(\?)?(?:: ([a-z |]+?))?(?: - (.+))?$/
const RETURNS = /^returns (.+?) - (.+)$/
const COUNT = String.raw`(?:N|\d+|ceil\((?:N|deleted) \/ \d+\))`
const COMMANDS = new RegExp(String.raw`^(${COUNT}(?: \+ ${COUNT})*) (\D.*)$`)
const ARGUMENT_TYPES = new Set(['string', 'integer', 'milliseconds', 'keep'])
const FLAGS = new Set(['@idempotent yes', '@idempotent no', '@readonly', '@dynamic-keys'])

/**
 * Reads the comment that a script starts with. Its first paragraph says what the script does and why; further
 * ones are for who changes it; then come keys, arguments, reply and marks. An indented line continues the one
 * before it.
 * @param {string} text @param {string} file @returns {Header}
 */
export function readHeader(text, file) {
  const source = text.split('\n')
  const end = source.findIndex((line) => !line.startsWith('--'))
  const lines = source.slice(0, end).map((line) => line.slice(2))
  const about = paragraph(lines)
  if (about === '') throw new Fault(file, 1, 'the first line must begin a comment that says what and why')
  const entries = readEntries(lines, file)
  const keys = readParameters('KEYS', entries, file)
  const args = readParameters('ARGV', entries, file)
  return {
    about,
    keys,
    args,
    returns: readReturns(entries, file),
    ...readFlags(entries, file),
    commands: readCommands(entries, file),
  }
}

/** @param {string[]} lines */
function paragraph(lines) {
  const end = lines.findIndex((line) => line.trim() === '' || isEntry(line))
  return lines
    .slice(0, end === -1 ? lines.length : end)
    .join(' ')
    .replace(/\s+/g, ' ')
    .trim()
}

/** @param {string} line */
function isEntry(line) {
  return /^ (KEYS|ARGV|returns|@)/.test(line)
}

/** @typedef {{ text: string, line: number }} Entry */
/** @param {string[]} lines @param {string} file @returns {Entry[]} */
function readEntries(lines, file) {
  /** @type {Entry[]} */
  const entries = []
  lines.forEach((line, index) => {
    const last = entries.at(-1)
    if (isEntry(line)) entries.push({ text: line.trim(), line: index + 1 })
    else if (last !== undefined && line.startsWith('   ')) last.text += ` ${line.trim()}`
    else if (last !== undefined)
      throw new Fault(file, index + 1, 'keys, arguments, reply and marks come last')
  })
  for (const { text, line } of entries)
    if (text.startsWith('@') && !FLAGS.has(text) && !text.startsWith('@commands '))
      throw new Fault(file, line, `unknown mark: ${text}`)
  return entries
}

/** @param {'KEYS' | 'ARGV'} table @param {Entry[]} entries @param {string} file @returns {Parameter[]} */
function readParameters(table, entries, file) {
  const found = entries
    .filter(({ text }) => text.startsWith(table))
    .map(({ text, line }) => {
      const [, , index = '', name = '', optional, type, about = ''] = PARAMETER.exec(text) ?? []
      if (index === '') throw new Fault(file, line, `not of the form "${table}[1] name: type - about"`)
      if (table === 'KEYS' && (type !== undefined || index === 'N+1'))
        throw new Fault(file, line, 'a key has a name and nothing else')
      if (table === 'ARGV' && !(type ?? '').split(' | ').every((each) => ARGUMENT_TYPES.has(each)))
        throw new Fault(file, line, `an argument is ${[...ARGUMENT_TYPES].join(' or ')}`)
      const from = Number.parseInt(index, 10)
      return {
        name,
        index: readIndex(index),
        from,
        optional: optional === '?',
        type: type ?? '',
        about,
        line,
      }
    })
  checkOrder(found, file)
  return found
}

/** @param {string} text @returns {Parameter['index']} */
function readIndex(text) {
  if (text.endsWith('..N')) return 'N'
  return text === 'N+1' ? 'N+1' : Number(text)
}

/**
 * Counted from 1 without a gap, the last of them maybe `[2..N]`, or `[1..N]` and then `[N+1]`; none is optional
 * before one that is not.
 * @param {Parameter[]} parameters @param {string} file
 */
function checkOrder(parameters, file) {
  parameters.forEach(({ index, from, line, optional }, at) => {
    const previous = parameters[at - 1]
    const follows = previous?.index === 'N' ? index === 'N+1' && previous.from === 1 : from === at + 1
    if (!follows) throw new Fault(file, line, 'keys and arguments are counted from 1, without a gap')
    if (previous?.optional && !optional) throw new Fault(file, line, 'what is optional comes last')
  })
}

/** @param {Entry[]} entries @param {string} file */
function readReturns(entries, file) {
  const found = entries.filter(({ text }) => text.startsWith('returns'))
  const [, type, about] = RETURNS.exec(found[0]?.text ?? '') ?? []
  if (found.length !== 1 || type === undefined || about === undefined)
    throw new Fault(
      file,
      found[0]?.line ?? 1,
      'exactly one line "returns <TypeScript type> - about" is needed',
    )
  return { type, about }
}

/** @param {Entry[]} entries @param {string} file */
function readFlags(entries, file) {
  const has = (/** @type {string} */ flag) => entries.some(({ text }) => text === flag)
  if (has('@idempotent yes') === has('@idempotent no'))
    throw new Fault(file, 1, 'one of "@idempotent yes" and "@idempotent no" is needed')
  return { idempotent: has('@idempotent yes'), readonly: has('@readonly'), dynamicKeys: has('@dynamic-keys') }
}

/** @param {Entry[]} entries @param {string} file */
function readCommands(entries, file) {
  const found = entries.find(({ text }) => text.startsWith('@commands '))
  if (found === undefined)
    throw new Fault(file, 1, '"@commands <count> <when>, …" is needed: what a call is billed')
  return found.text
    .slice('@commands '.length)
    .split(', ')
    .map((each) => {
      const [, count, when] = COMMANDS.exec(each) ?? []
      if (count === undefined || when === undefined) throw new Fault(file, found.line, `not a cost: ${each}`)
      return { count, when }
    })
}

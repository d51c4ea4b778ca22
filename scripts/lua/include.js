// @ts-check
import { readCode } from './code.js'
import { Fault } from './fault.js'

/** @typedef {import('./code.js').Line} Line */
/** @typedef {ReadonlyMap<string, string>} Includes texts by name, without `.lua` */

const DIRECTIVE = /^\s*--\s*@include\s+(\S+)\s*$/

/**
 * The code of a file, what it includes put in place of the directive: once, and on that one line, so that the
 * lines after it keep their numbers. A failure inside an include names the line of its directive.
 * @param {string} text @param {string} file @param {Includes} includes @returns {Line[]}
 */
export function inline(text, file, includes) {
  return inlineInto(text, file, includes, new Set(), [])
}

/**
 * @param {string} text @param {string} file @param {Includes} includes
 * @param {Set<string>} done @param {readonly string[]} trail @returns {Line[]}
 */
function inlineInto(text, file, includes, done, trail) {
  const source = text.split('\n')
  return readCode(text, file).map((line, index) => {
    const name = DIRECTIVE.exec(source[index] ?? '')?.[1]
    if (name === undefined) return line
    if (trail.includes(name))
      throw new Fault(file, index + 1, `includes form a cycle: ${[...trail, name].join(' > ')}`)
    if (done.has(name)) return line
    const included = includes.get(name)
    if (included === undefined) throw new Fault(file, index + 1, `there is no include ${name}`)
    done.add(name)
    return joined(inlineInto(included, `includes/${name}.lua`, includes, done, [...trail, name]))
  })
}

/**
 * Lua takes a space for a line end everywhere but in comments and strings, and here are no comments.
 * @param {Line[]} lines @returns {Line}
 */
function joined(lines) {
  const full = lines.filter(({ code }) => code !== '')
  return { code: full.map(({ code }) => code).join(' '), bare: full.map(({ bare }) => bare).join(' ') }
}

/**
 * Includes work on what they are given: so a script's header tells everything about its keys.
 * @param {Includes} includes
 */
export function checkIncludes(includes) {
  for (const [name, text] of includes) {
    const file = `includes/${name}.lua`
    if (!/^_[a-z_]+$/.test(name)) throw new Fault(file, 1, 'an include is named _in_snake_case')
    readCode(text, file).forEach(({ bare }, index) => {
      if (/\b(KEYS|ARGV)\b|\bredis\.p?call\b/.test(bare))
        throw new Fault(file, index + 1, 'an include uses no KEYS, no ARGV and calls no command')
    })
  }
}

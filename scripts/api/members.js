// @ts-check
import { statementsOf } from './statements.js'

/** @import { Statement } from './statements.js' */
/** @import { Declaration, Library } from './exports.js' */

/**
 * A member of a class or an interface, with all its overloads.
 *
 * @typedef {{ name: string, isMethod: boolean, statements: Statement[] }} Member
 */

/**
 * The members of a class or an interface, with those that it inherits from what cannot be imported.
 *
 * @param {Declaration} declaration
 * @param {Library} library
 * @param {(name: string) => boolean} isExported
 * @returns {Member[]}
 */
export function membersOf({ file, statements }, library, isExported) {
  const own = statements.flatMap(({ body }) => (body === undefined ? [] : statementsOf(body)))
  const members = group(own.filter(({ text }) => !/^(?:#|private\b|protected\b)/.test(text)))
  const names = new Set(members.map(({ name }) => name))
  const inherited = basesOf(statements[0]?.head ?? '')
    .filter((base) => !isExported(base))
    .flatMap((base) => library.find(file, base) ?? [])
    .flatMap((base) => membersOf(base, library, isExported))
  return [...members, ...inherited.filter(({ name }) => !names.has(name))]
}

/** The plain names behind `extends`: those that may be declared in this package. @param {string} head */
function basesOf(head) {
  const list = / extends ([^{]+)$/.exec(withoutTypeParameters(head))?.[1] ?? ''
  return [...list.matchAll(/(?:^|, )([A-Z]\w*)/g)].map((match) => match[1] ?? '')
}

/** `class A<T extends B> extends C` says `extends` twice. @param {string} head */
export function withoutTypeParameters(head) {
  let depth = 0
  return [...head]
    .filter((character, at) => {
      const before = depth
      if (character === '<') depth++
      if (character === '>' && head[at - 1] !== '=') depth--
      return before === 0 && depth === 0
    })
    .join('')
}

/** Overloads stand beside each other, and so do the two halves of an accessor. @param {Statement[]} statements @returns {Member[]} */
function group(statements) {
  /** @type {Map<string, Member>} */
  const members = new Map()
  for (const statement of statements) {
    const name = nameOf(statement.text)
    const known = members.get(name)
    if (known !== undefined) known.statements.push(statement)
    else members.set(name, { name, isMethod: isMethod(statement.text), statements: [statement] })
  }
  return [...members.values()]
}

const modifiers = /^(?:static |readonly |abstract |get |set )*/

/** @param {string} text */
function nameOf(text) {
  const rest = text.replace(modifiers, '')
  if (rest.startsWith('(')) return '(call)'
  return /^(?:new )?(\[[^\]]+\]|'[^']+'|[\w$]+)/.exec(rest)?.[1] ?? rest
}

/** @param {string} text */
function isMethod(text) {
  return /^(?:static |abstract )*(?:\[[^\]]+\]|[\w$]+)(?:<|\()/.test(text) && !/^(?:get|set) /.test(text)
}

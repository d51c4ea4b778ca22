// @ts-check
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { statementsOf } from './statements.js'

/** @import { Statement } from './statements.js' */

/**
 * Something that has a name: one statement, or several for a function with overloads.
 *
 * @typedef {{ name: string, kind: string, file: string, statements: Statement[] }} Declaration
 */

const declares = /^(?:export )?(?:declare )?(?:abstract )?(function|class|const|interface|type)\s+([\w$]+)/
const names = /^(?:export|import) (?:type )?\{([\s\S]*?)\}(?: from '([^']+)')?/

/** Reads `.d.ts` files, each once. */
export class Library {
  /** @type {Map<string, Statement[]>} */
  #files = new Map()

  /** @param {string} file @returns {Statement[]} */
  statements(file) {
    const known = this.#files.get(file)
    if (known !== undefined) return known
    const read = statementsOf(readFileSync(file, 'utf8'))
    this.#files.set(file, read)
    return read
  }

  /** What a file exports, by the name it is exported under. @param {string} file @returns {Map<string, Declaration>} */
  exportsOf(file) {
    /** @type {Map<string, Declaration>} */
    const found = new Map()
    for (const { text } of this.statements(file)) {
      if (!text.startsWith('export')) continue
      const all = /^export \* from '([^']+)'/.exec(text)?.[1]
      if (all !== undefined)
        for (const [name, one] of this.exportsOf(resolve(file, all))) found.set(name, one)
      for (const [name, outside] of namesIn(text)) {
        const declaration = this.find(file, name)
        if (declaration !== undefined) found.set(outside, { ...declaration, name: outside })
      }
      const name = declares.exec(text)?.[2]
      const declaration = name === undefined ? undefined : this.find(file, name)
      if (declaration !== undefined) found.set(declaration.name, declaration)
    }
    return found
  }

  /**
   * What a name means in a file: what is declared there, or in the file that it comes from.
   *
   * @param {string} file
   * @param {string} name
   * @returns {Declaration | undefined}
   */
  find(file, name) {
    const here = this.statements(file).filter(({ text }) => declares.exec(text)?.[2] === name)
    const kind = here[0] === undefined ? undefined : declares.exec(here[0].text)?.[1]
    if (kind !== undefined) return { name, kind, file, statements: here }
    for (const { text } of this.statements(file)) {
      const from = names.exec(text)?.[2]
      const inside = [...namesIn(text)].find(([before, after]) =>
        text.startsWith('import') ? after === name : before === name,
      )
      if (from?.startsWith('.') && inside !== undefined) {
        const other = resolve(file, from)
        return this.find(other, inside[0]) ?? this.exportsOf(other).get(inside[0])
      }
    }
    return undefined
  }
}

/** The names in the braces of an import or export: as they are called before, and after `as`. @param {string} text @returns {Map<string, string>} */
function namesIn(text) {
  const list = (names.exec(text)?.[1] ?? '').split(',').map((name) => name.trim().replace(/^type /, ''))
  return new Map(
    list.filter(Boolean).map((name) => {
      const [before = '', after = before] = name.split(' as ')
      return [before, after]
    }),
  )
}

/** @param {string} file @param {string} from */
function resolve(file, from) {
  return join(dirname(file), from.replace(/\.(?:ts|js)$/, '.d.ts'))
}

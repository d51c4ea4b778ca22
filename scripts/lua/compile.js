// @ts-check
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { emit } from './emit.js'
import { Fault } from './fault.js'
import { readHeader } from './header.js'
import { checkIncludes, inline } from './include.js'
import { checkRules } from './rules.js'

/** @typedef {import('./header.js').Header} Header */
/** @typedef {{ redis: string, upstash: string }} Sha1s */
/** @typedef {{ name: string, file: string, header: Header, source: string, sha1: Sha1s }} Script */

const MAX_LINES = 80

/** The text of `scripts.ts` for a folder of `.lua` files. @param {string} folder */
export function compile(folder) {
  const includes = new Map(
    luaFiles(join(folder, 'includes')).map((file) => [file.slice(0, -4), read(folder, 'includes', file)]),
  )
  checkIncludes(includes)
  return emit(luaFiles(folder).map((file) => compileScript(file, read(folder, file), includes)))
}

/** @typedef {import('./include.js').Includes} Includes */
/** @param {string} file @param {string} text @param {Includes} includes @returns {Script} */
export function compileScript(file, text, includes) {
  if (!/^[a-z]+(_[a-z]+)*\.lua$/.test(file)) throw new Fault(file, 1, 'a script is named in_snake_case.lua')
  if (text.split('\n').length > MAX_LINES + 1)
    throw new Fault(file, MAX_LINES + 1, `longer than ${MAX_LINES} lines`)
  const header = readHeader(text, file)
  const lines = inline(text, file, includes)
  checkRules(lines, header, file)
  const source = lines
    .map(({ code }) => code)
    .join('\n')
    .trimEnd()
  const sha1 = { redis: sha1Of(source), upstash: sha1Of(shebang(header) + source) }
  return { name: pascal(file.slice(0, -4)), file, header, source, sha1 }
}

/**
 * What Upstash wants on line 1. Every source has an empty first line (its header begins there), so that lines
 * have the same numbers with it and without. `shebangFor` in src/lua/script.ts says the same, and tests hold
 * them together.
 * @param {Header} header
 */
function shebang({ readonly, dynamicKeys }) {
  const flags = [readonly ? 'no-writes' : '', dynamicKeys ? '' : 'allow-key-locking'].filter(
    (flag) => flag !== '',
  )
  return flags.length === 0 ? '' : `#!lua flags=${flags.join(',')}`
}

/** @param {string} text */
function sha1Of(text) {
  return createHash('sha1').update(text).digest('hex')
}

/** @param {string} snake */
function pascal(snake) {
  return snake.replace(/(?:^|_)([a-z])/g, (_, letter) => letter.toUpperCase())
}

/** @param {string} folder */
function luaFiles(folder) {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.lua'))
    .toSorted()
}

/** @param {string[]} path */
function read(...path) {
  return readFileSync(join(...path), 'utf8')
}

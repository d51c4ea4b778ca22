// @ts-check

/** @typedef {import('./compile.js').Script} Script */
/** @typedef {import('./header.js').Parameter} Parameter */

const WIDTH = 110
const HEAD = `// Generated from the .lua files beside it by scripts/lua/generate.js: change those, then run it.
import type { LuaScript } from './script.ts'
`

/** The TypeScript of all scripts, formatted as oxfmt would. @param {readonly Script[]} scripts */
export function emit(scripts) {
  return [HEAD, ...scripts.map(emitScript), emitTable(scripts)].join('\n')
}

/** @param {Script} script */
function emitScript({ name, file, header, source, sha1 }) {
  const { keys, args, returns, readonly, idempotent, dynamicKeys } = header
  return `${tsdoc([`What {@link ${name}} answers: ${returns.about}.`])}
${typeAlias(`${name}Reply`, returns.type)}

${tsdoc(describe(header, file))}
export const ${name}: LuaScript<${name}Reply> = {
  name: '${name}',
  source: ${templateLiteral(source)},
  sha1: {
    redis: '${sha1.redis}',
    upstash: '${sha1.upstash}',
  },
  keys: ${counts(keys)},
  args: ${counts(args)},
  readonly: ${readonly},
  idempotent: ${idempotent},
  dynamicKeys: ${dynamicKeys},
}
`
}

/** @param {string} name @param {string} type */
function typeAlias(name, type) {
  const line = `export type ${name} = ${type}`
  const tuple = /^readonly \[(.+)\]$/.exec(type)
  if (line.length <= WIDTH || tuple === null) return line
  const members = (tuple[1] ?? '').split(', ').map((member) => `  ${member},\n`)
  return `export type ${name} = readonly [\n${members.join('')}]`
}

/** @param {import('./header.js').Header} header @param {string} file @returns {string[]} */
function describe({ about, keys, args, commands, idempotent, readonly, dynamicKeys }, file) {
  const marks = [
    idempotent ? 'may be sent again' : 'is not idempotent: never sent again when its outcome is unknown',
    ...(readonly ? ['writes nothing'] : []),
    ...(dynamicKeys ? ['finds its keys itself, and so holds up the whole database while it runs'] : []),
  ]
  const costs = commands
    .map(({ count, when }) => (commands.length > 1 ? `${count} ${when}` : count))
    .join(', ')
  return [
    about,
    '',
    ...keys.map((key) => `- \`KEYS[${label(key)}]\` ${key.name}`),
    ...args.map((arg) => `- \`ARGV[${label(arg)}]\` ${arg.name}${arg.optional ? '?' : ''}: ${details(arg)}`),
    '',
    `One request; billed commands, the script's own calls included: ${costs}.`,
    `It ${marks.join(', ')}. Source: \`${file}\`.`,
  ]
}

/** @param {Parameter} parameter */
function label({ index }) {
  return index === 'N' ? '1..N' : String(index)
}

/** @param {Parameter} parameter */
function details({ type, about }) {
  return about === '' ? type : `${type} (${about})`
}

/** @param {readonly string[]} paragraphs */
function tsdoc(paragraphs) {
  const lines = paragraphs.flatMap((text) =>
    text === '' ? [''] : wrap(text.replaceAll('*/', '*\\/'), WIDTH - 7),
  )
  if (lines.length === 1) return `/** ${lines[0]} */`
  return ['/**', ...lines.map((line) => ` * ${line}`.trimEnd()), ' */'].join('\n')
}

/** @param {string} text @param {number} width @returns {string[]} */
function wrap(text, width) {
  if (text.length <= width) return [text]
  const at = text.lastIndexOf(' ', width)
  return [text.slice(0, at), ...wrap(text.slice(at + 1), width)]
}

/** @param {string} text */
function templateLiteral(text) {
  return `\`${text.replace(/[\\`]|\$\{/g, '\\$&')}\``
}

/** @param {readonly Parameter[]} parameters */
function counts(parameters) {
  const min = parameters.filter(({ optional }) => !optional).length
  const many = parameters.some(({ index }) => index === 'N')
  const max = many ? 'Infinity' : String(parameters.length)
  return `{ min: ${min}, max: ${max}, names: [${parameters.map(({ name }) => `'${name}'`).join(', ')}] }`
}

/** @param {readonly Script[]} scripts */
function emitTable(scripts) {
  const members = scripts.map(({ name }) => `  readonly ${name}: LuaScript<${name}Reply>\n`)
  return `/** Every script by its name. Who names single ones instead bundles only those. */
export interface LuaScriptTable {
${members.join('')}}

/** Every script of this package by its name. Importing a script by itself bundles no other. */
export const LuaScripts: LuaScriptTable = {
${scripts.map(({ name }) => `  ${name},\n`).join('')}}
`
}

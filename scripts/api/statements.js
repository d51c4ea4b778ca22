// @ts-check

/**
 * A statement of a `.d.ts` file, or a member of one.
 *
 * @typedef {{
 *   doc: string | undefined,
 *   text: string,
 *   head: string,
 *   body: string | undefined,
 * }} Statement
 * `doc`: the comment in front of it, as written. `head`: its text up to the braces that it ends with, and `body` what they hold.
 */

const closing = /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface)\b/
const token = /\/\*[\s\S]*?\*\/|\/\/.*|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`|[{}()[\];]/g

/**
 * Takes the text of a `.d.ts` file apart, or that between the braces of a class or an interface. What the compiler writes is
 * regular: each ends with a semicolon, but for classes and interfaces, which end with their brace.
 *
 * @param {string} source
 * @returns {Statement[]}
 */
export function statementsOf(source) {
  /** @type {Statement[]} */
  const found = []
  /** @type {string | undefined} */
  let doc
  let start = 0
  let depth = 0
  let open = -1
  for (const match of source.matchAll(token)) {
    const end = match.index + match[0].length
    const [first] = match[0]
    const begun = source.slice(start, match.index).trim() !== ''
    if (match[0].startsWith('/*') || match[0].startsWith('//')) {
      if (depth > 0 || begun) continue
      if (match[0].startsWith('/**')) doc = match[0]
      start = end
    } else if (first === '{' || first === '(' || first === '[') {
      if (depth === 0 && first === '{') open = match.index
      depth++
    } else if (first === '}' || first === ')' || first === ']') {
      depth--
    }
    const ends = first === ';' || (first === '}' && closing.test(source.slice(start).trimStart()))
    if (depth > 0 || !ends) continue
    found.push(toStatement(source, { doc, start, end, open }))
    doc = undefined
    start = end
    open = -1
  }
  return found
}

/** @param {string} source @param {{ doc: string | undefined, start: number, end: number, open: number }} at @returns {Statement} */
function toStatement(source, { doc, start, end, open }) {
  const text = source.slice(start, end).trim()
  const close = source.lastIndexOf('}', end)
  return {
    doc,
    text,
    head: source.slice(start, open < start ? end : open).trim(),
    body: open < start ? undefined : source.slice(open + 1, close),
  }
}

// @ts-check

/**
 * What a doc comment says.
 *
 * @typedef {{ text: string, notes: string[], examples: string[], isModule: boolean }} Doc
 * `notes`: parameters, what is returned and thrown, where they are listed.
 */

/** Takes a comment apart. @param {string | undefined} comment @returns {Doc} */
export function parseDoc(comment) {
  const lines = (comment ?? '').replace(/^\/\*\*|\*\/$/g, '').split('\n')
  const plain = lines
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .trim()
  const [text = '', ...tags] = plain.split(/^(?=@\w)/m)
  /** @type {Doc} */
  const doc = { text: text.trim(), notes: [], examples: [], isModule: false }
  for (const tag of tags) read(tag.trim(), doc)
  return doc
}

/** @param {string} tag @param {Doc} doc */
function read(tag, doc) {
  const [, name = '', rest = ''] = /^@(\w+)\s*([\s\S]*)$/.exec(tag) ?? []
  if (name === 'module') doc.isModule = true
  else if (name === 'example') doc.examples.push(rest)
  else if (name === 'param') doc.notes.push(rest.replace(/^(\w+)(?: -)?\s*/, '`$1`: '))
  else if (name === 'returns') doc.notes.push(`Returns: ${rest}`)
  else if (name === 'throws') doc.notes.push(`Throws: ${rest}`)
  else if (name === 'default') doc.notes.push(`Default: ${rest}`)
  else if (name === 'see') doc.notes.push(`See: ${rest}`)
  else if (name === 'deprecated') doc.notes.push(`**Deprecated.** ${rest}`)
  else throw new Error(`a doc comment has a tag that no page shows: @${name}`)
}

/** The first sentence of a text. @param {string} text */
export function firstSentence(text) {
  return text.replaceAll('\n', ' ').replace(/^(.+?[.])(?: .*|$)/s, '$1')
}

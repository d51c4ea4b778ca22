// @ts-check
import { parseDoc } from './doc.js'
import { membersOf } from './members.js'

/** @import { Declaration, Library } from './exports.js' */
/** @import { Member } from './members.js' */

/**
 * What a page is made of. `link` gives the place of a name in all pages, as seen from this one.
 *
 * @typedef {{
 *   title: string,
 *   about: string,
 *   exported: Map<string, Declaration>,
 *   declarations: Library,
 *   link: (name: string) => string | undefined,
 * }} Subpath
 */

const groups = Object.entries({
  Functions: ['function'],
  Classes: ['class'],
  Constants: ['const'],
  Types: ['interface', 'type'],
})

/** The page of a subpath. @param {Subpath} subpath */
export function pageOf(subpath) {
  const { title, about, exported } = subpath
  const parts = groups.flatMap(([heading, kinds]) => {
    const of = [...exported.values()].filter(({ kind }) => kinds.includes(kind))
    return of.length === 0 ? [] : [{ heading, of: of.toSorted((a, b) => (a.name < b.name ? -1 : 1)) }]
  })
  const contents = parts.map(
    ({ heading, of }) => `- ${heading}: ${of.map(({ name }) => `[${name}](#${anchor(name)})`).join(' · ')}`,
  )
  const others = mentioned(subpath)
  if (others.length > 0) parts.push({ heading: 'Mentioned above, not for import', of: others })
  return `${[
    `# ${title}`,
    about,
    '<!-- Written by npm run docs:api from the doc comments in src: change those. -->',
    contents.join('\n'),
    ...parts.map((part) => groupText(part, subpath)),
  ]
    .filter(Boolean)
    .join('\n\n')}\n`
}

/** @param {{ heading: string, of: Declaration[] }} group @param {Subpath} subpath */
function groupText({ heading, of }, subpath) {
  return [`## ${heading}`, ...of.map((one) => declarationText(one, subpath))].join('\n\n')
}

/** What signatures mention and nobody can import. @param {Subpath} subpath */
function mentioned({ exported, declarations, link }) {
  /** @type {Map<string, Declaration>} */
  const found = new Map()
  for (const { file, statements } of exported.values())
    for (const name of statements.flatMap(({ text }) => withoutComments(text).match(/\b[A-Z]\w+\b/g) ?? [])) {
      const declaration = link(name) === undefined ? declarations.find(file, name) : undefined
      if (declaration !== undefined) found.set(name, declaration)
    }
  return [...found.values()]
}

/** How a heading is called in a link to it. @param {string} heading */
export function anchor(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-')
}

/** @param {Declaration} declaration @param {Subpath} subpath */
function declarationText(declaration, subpath) {
  const { name, kind, statements } = declaration
  const hasMembers = kind === 'class' || kind === 'interface'
  const signatures = statements.map(({ text, head }) => (hasMembers ? head : text))
  // Members of what cannot be imported are told where they are inherited.
  const isBase = kind === 'class' && subpath.link(name) === undefined
  const members =
    hasMembers && !isBase
      ? membersOf(declaration, subpath.declarations, (base) => subpath.link(base) !== undefined)
      : []
  // One method with an example, and all of them get headings of their own.
  const isTold = members.some(stands) ? (/** @type {Member} */ { isMethod }) => isMethod : () => false
  return [
    `### ${name}`,
    code(signatures.map((signature) => signature.replace(/^export (?:declare )?/, ''))),
    ...prose(declaration, subpath),
    list(
      members.filter((member) => !isTold(member)),
      subpath,
    ),
    ...members.filter(isTold).map((member) => memberText(member, name, subpath)),
  ]
    .filter(Boolean)
    .join('\n\n')
}

/** What has an example, or several signatures, is too much for a line of a list. @param {Member} member */
function stands({ isMethod, statements }) {
  const examples = statements.flatMap(({ doc }) => parseDoc(doc).examples)
  return isMethod && (examples.length > 0 || statements.length > 1)
}

/** @param {Member} member @param {string} owner @param {Subpath} subpath */
function memberText(member, owner, subpath) {
  return [
    `#### ${owner}.${member.name}`,
    code(member.statements.map(({ text }) => outdented(text))),
    ...prose(member, subpath),
  ]
    .filter(Boolean)
    .join('\n\n')
}

/** @param {Member[]} members @param {Subpath} subpath */
function list(members, subpath) {
  return members
    .flatMap(({ statements }) => statements)
    .map((statement) => {
      const { text, notes } = parseDoc(statement.doc)
      const about = [text, ...notes]
        .join(' ')
        .replace(/\s*\n\s*(?!- |\s)/g, ' ')
        .replace(/\s*\n- /g, '\n  - ')
      const signature = withoutComments(statement.text).replace(/;$/, '')
      const line = signature.replace(/\s+/g, ' ').replace(/; \}/g, ' }')
      return `- \`${line}\`${about === '' ? '' : `:${about.startsWith('- ') ? '\n  ' : ' '}${linked(about, subpath)}`}`
    })
    .join('\n')
}

/** @param {Pick<Declaration, 'statements'>} what @param {Subpath} subpath */
function prose({ statements }, subpath) {
  const docs = statements.map(({ doc }) => parseDoc(doc))
  return docs.flatMap(({ text, notes, examples }) => {
    const listed = notes.map((note) => `- ${note.replace(/\s*\n\s*/g, ' ')}`).join('\n')
    return [linked(text, subpath), linked(listed, subpath)].concat(examples)
  })
}

/** @param {string} text @param {Subpath} subpath */
function linked(text, { link }) {
  return text.replace(/\{@link (\w+)\}/g, (_, name) => {
    const target = link(name)
    return target === undefined ? `\`${name}\`` : `[\`${name}\`](${target})`
  })
}

/** Marked as `typescript`, not `ts`: a signature is no program. @param {string[]} signatures */
function code(signatures) {
  return `\`\`\`typescript\n${signatures.join('\n')}\n\`\`\``
}

/** @param {string} text */
function withoutComments(text) {
  return text.replace(/\/\*[\s\S]*?\*\//g, '')
}

/** @param {string} text */
function outdented(text) {
  return text.replace(/\n {4}/g, '\n')
}

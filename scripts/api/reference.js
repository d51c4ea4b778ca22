// @ts-check
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { firstSentence, parseDoc } from './doc.js'
import { Library } from './exports.js'
import { anchor, pageOf } from './page.js'

/** @import { Declaration } from './exports.js' */

/**
 * The pages of the reference, by file name, and the exported names that have no doc comment.
 *
 * @param {string} root where package.json and the build are
 * @returns {{ pages: Map<string, string>, silent: string[] }}
 */
export function reference(root) {
  const library = new Library()
  const subpaths = entriesOf(root).map(({ title, file, types }) => {
    const exported = library.exportsOf(types)
    return { title, file, exported, about: moduleDoc(library, types) }
  })
  const pages = new Map(
    subpaths.map(({ title, file, exported, about }) => {
      const link = (/** @type {string} */ name) => {
        if (exported.has(name)) return `#${anchor(name)}`
        const other = subpaths.find((one) => one.exported.has(name))
        return other === undefined ? undefined : `${other.file}#${anchor(name)}`
      }
      return [file, pageOf({ title, about, exported, declarations: library, link })]
    }),
  )
  const rows = subpaths.map(
    ({ title, file, about }) => `| [\`${title}\`](${file}) | ${firstSentence(about)} |`,
  )
  pages.set('README.md', `${index}\n\n| import from | |\n|--|--|\n${rows.join('\n')}\n`)
  return { pages, silent: subpaths.flatMap(({ title, exported }) => silentIn(title, exported)) }
}

const index = `# API reference

Every name that can be imported, with its types, defaults, errors and costs (HTTP requests / billed commands). Written by
\`npm run docs:api\` from the doc comments in \`src\`, which editors show as well.`

/** The subpaths that package.json offers. @param {string} root */
function entriesOf(root) {
  const { name, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return Object.entries(exports)
    .filter(([subpath]) => subpath !== './package.json')
    .map(([subpath, { types }]) => {
      if (typeof types !== 'string') throw new Error(`package.json names no types for ${subpath}`)
      const short = subpath.slice(2)
      return {
        title: short === '' ? name : `${name}/${short}`,
        file: `${short === '' ? 'core' : short.replaceAll('/', '-')}.md`,
        types: join(root, types),
      }
    })
}

/** What a file says of itself. @param {Library} library @param {string} file */
function moduleDoc(library, file) {
  const docs = library.statements(file).map(({ doc }) => parseDoc(doc))
  return docs.find(({ isModule }) => isModule)?.text ?? ''
}

/** @param {string} title @param {Map<string, Declaration>} exported */
function silentIn(title, exported) {
  return [...exported.values()]
    .filter(({ statements }) => statements.every(({ doc }) => parseDoc(doc).text === ''))
    .map(({ name }) => `${name} of ${title}`)
}

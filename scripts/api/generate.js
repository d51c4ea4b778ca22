// @ts-check
// Writes docs/api from the doc comments of what can be imported, as the build has them in dist: a page for each subpath in
// package.json. Exits with 1 for exported names without a comment.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { reference } from './reference.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { pages, silent } = reference(root)
const folder = join(root, 'docs', 'api')
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
for (const [name, text] of pages) writeFileSync(join(folder, name), text)
if (silent.length > 0) {
  console.error(`without a doc comment: ${silent.join(', ')}`)
  process.exitCode = 1
}

import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the project. */
export const root: string = fileURLToPath(new URL('../../../', import.meta.url))

/** A folder for one test file's builds, from where the dependencies of the package are found. */
export function workFolder(): Disposable & { readonly path: string } {
  const parent = join(root, 'node_modules', '.cache')
  mkdirSync(parent, { recursive: true })
  const path = mkdtempSync(join(parent, 'runtimes-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** The package as it is published: `test/support/build.ts` has built it before all tests. */
export const dist: string = join(root, 'dist')

/** A copy of that. What begins with a dot is another test's, which comes and goes. */
export function copyDist(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  cpSync(dist, folder, { recursive: true, filter: (path) => !basename(path).startsWith('.') })
}

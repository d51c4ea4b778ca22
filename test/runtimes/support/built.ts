import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
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

/** Builds the package as it is published, but into a folder of its own: `dist/` may be in use, or out of date. */
export function buildInto(folder: string): string {
  const dist = join(folder, 'dist')
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  execFileSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', dist])
  return dist
}

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { copyDist, root } from './built.ts'

interface Manifest {
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
}

/** Puts the package where npm installs it. */
export function installPackage(modules: string): void {
  const installed = join(modules, 'hybrid-cache')
  mkdirSync(installed, { recursive: true })
  cpSync(join(root, 'package.json'), join(installed, 'package.json'))
  copyDist(join(installed, 'dist'))
}

/** A user's project outside of this one: the examples, and the package installed as npm installs it. */
export function createProject(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'hybrid-cache-project-'))
  const modules = join(path, 'node_modules')
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
  installPackage(modules)
  for (const name of Object.keys(manifest.dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'dir')
  }
  const own = { private: true, type: 'module', dependencies: { 'hybrid-cache': manifest.version } }
  writeFileSync(join(path, 'package.json'), JSON.stringify(own))
  for (const file of ['deno.ts', 'bun.ts']) cpSync(join(root, 'examples', file), join(path, file))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

import { readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { dist, root } from './built.ts'
import type { ScenarioInput } from '../scenario/input.ts'

const source = join(root, 'src')
const runtimes = join(root, 'test/runtimes')

/** Puts the built package in the place of its source: what npm users get. */
function useBuilt(external: boolean): Plugin {
  // Where a folder on the way is a link, a file has two names, and must not be bundled twice.
  const built = realpathSync(dist)
  return {
    name: 'built-package',
    setup({ onResolve }) {
      onResolve({ filter: /\/src\/.*\.ts$/ }, ({ path, resolveDir }) => {
        const file = join(resolveDir, path)
        if (!file.startsWith(source)) return undefined
        return { path: join(built, file.slice(source.length).replace(/\.ts$/, '.js')), external }
      })
    },
  }
}

/** The scenario for a Node process; the package stays outside, as the files it is published as. */
export async function bundleForNode(folder: string): Promise<string> {
  const options = { bundle: true, format: 'esm', platform: 'node', packages: 'external' } as const
  const traps = join(folder, 'traps.mjs')
  const cli = join(folder, 'cli.mjs')
  await build({ ...options, entryPoints: [join(runtimes, 'scenario/traps.ts')], outfile: traps })
  const plugins = [keepOutside(/\/traps\.ts$/, traps), useBuilt(true)]
  await build({ ...options, entryPoints: [join(runtimes, 'cli.ts')], outfile: cli, plugins })
  return cli
}

/** What is imported runs before what is bundled: the traps, to be there before the package, must be imported, too. */
function keepOutside(filter: RegExp, path: string): Plugin {
  return {
    name: 'keep-outside',
    setup({ onResolve }) {
      onResolve({ filter }, () => ({ path, external: true }))
    },
  }
}

/** The scenario, the package and its dependencies in one file, for a runtime that loads nothing else. */
export async function bundleForEdge(
  folder: string,
  {
    entry,
    format,
    input,
  }: { entry: 'worker' | 'edge' | 'app' | 'coherent'; format: 'esm' | 'iife'; input: ScenarioInput },
): Promise<string> {
  const outfile = join(folder, `${entry}.js`)
  await build({
    entryPoints: [join(runtimes, `${entry}.ts`)],
    outfile,
    bundle: true,
    format,
    target: 'es2022',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['worker', 'edge-light'],
    define: { SCENARIO: JSON.stringify(input) },
    plugins: [useBuilt(false)],
  })
  return outfile
}

/** What a bundle still imports when it runs: nothing, or else an edge runtime cannot load it. */
export function importsOf(bundle: string): string[] {
  const code = readFileSync(bundle, 'utf8')
  return [...code.matchAll(/^\s*import\b.*$|\brequire\(.*\)|\bimport\(.*\)|["']node:\w+["']/gm)].map(
    ([text]) => text,
  )
}

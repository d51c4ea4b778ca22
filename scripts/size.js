// @ts-check
// What an application pays, in bytes, minified and gzipped, and what is in it: `npm run size` prints both, and fails above a budget.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const dependencies = ['@upstash/redis/*', 'superjson', 'tiny-lru']

/**
 * The most that each may take, in KB of 1024 bytes: the core without its dependencies; everything that most import, with them; and
 * each subpath on top of the core. A little above what is there, so that whoever adds to it decides that it is worth it.
 *
 * @type {Readonly<Record<string, number>>}
 */
export const budgets = {
  core: 39.5,
  everything: 61.75,
  atomic: 5.25,
  admin: 3.8,
  lua: 9,
  redis: 1.75,
  cloudflare: 0.25,
  limiter: 5.1,
  'rate-limit': 6.95,
  lock: 3,
  push: 2.6,
  vercel: 0.5,
  hono: 4.95,
  opentelemetry: 0.5,
  testing: 20,
}

/**
 * A bundle for the edge: its size, and the modules of this package in it, `load/look` for `dist/load/look.js`. A module of Node in
 * it is an error, for nothing at the edge could resolve it.
 *
 * @typedef {{ bytes: number, modules: string[], code: string }} Bundle
 * @param {string} code @param {readonly string[]} external @returns {Promise<Bundle>}
 */
async function bundle(code, external) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    outdir: root,
    logLevel: 'silent',
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    conditions: ['worker', 'edge-light'],
    mainFields: ['module', 'main'],
    external: [...external],
  })
  const { contents, text } = /** @type {import('esbuild').OutputFile} */ (outputFiles[0])
  const modules = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => {
      const name = /^dist\/(.*)\.js$/.exec(path)?.[1]
      return name === undefined || bytesInOutput === 0 ? [] : [name]
    }),
  )
  return { bytes: gzipSync(contents, { level: 9 }).length, modules: modules.toSorted(), code: text }
}

/** The subpaths of the package, but for the local server, which runs on Node only. */
export function subpaths() {
  const { exports } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  const names = Object.keys(exports).map((name) => name.slice('./'.length))
  return names.filter((name) => name !== '' && name !== 'dev' && name !== 'package.json')
}

/** The core alone, without its dependencies. */
export const bundleCore = () => bundle("export * from 'hybrid-cache'", dependencies)

/** The core and a subpath, without dependencies and without what the subpath is for. @param {string} name */
export const bundleWith = (name) =>
  bundle(`export * from 'hybrid-cache'; export * as on from 'hybrid-cache/${name}'`, [
    ...dependencies,
    ...peers,
  ])

// What the application brings along itself.
const peers = ['@opentelemetry/api', 'hono', 'hono/*', 'ioredis', 'redis']

/** Sizes by name: `core`, `everything`, and what each subpath adds to the core. @returns {Promise<Record<string, number>>} */
export async function measureSizes() {
  const all = "export * from 'hybrid-cache'; export * from 'hybrid-cache/cloudflare'"
  const [core, everything] = [await bundleCore(), await bundle(all, [])]
  const added = await Promise.all(
    subpaths().map(async (name) => [name, (await bundleWith(name)).bytes - core.bytes]),
  )
  const limiter = await bundle(
    "export * from 'hybrid-cache'; export { createRateLimiter, gcra } from 'hybrid-cache/rate-limit'",
    dependencies,
  )
  return {
    core: core.bytes,
    everything: everything.bytes,
    ...Object.fromEntries(added),
    limiter: limiter.bytes - core.bytes,
  }
}

/** What is above its budget, or has none, in words. @param {Readonly<Record<string, number>>} sizes */
export function overBudget(sizes) {
  return Object.entries(sizes).flatMap(([name, bytes]) => {
    const budget = budgets[name]
    if (budget === undefined) return [`${name} has no budget: give it one in scripts/size.js`]
    return bytes <= budget * 1024 ? [] : [`${name} takes ${inKilobytes(bytes)} KB, and may take ${budget} KB`]
  })
}

/** @param {number} bytes */
const inKilobytes = (bytes) => (bytes / 1024).toFixed(1)

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const sizes = await measureSizes()
  const { modules } = await bundleCore()
  for (const [name, bytes] of Object.entries(sizes))
    console.log(`${name.padEnd(14)} ${inKilobytes(bytes).padStart(5)} KB of ${budgets[name] ?? '?'}`)
  console.log(`in the core: ${modules.join(' ')}`)
  for (const line of overBudget(sizes)) {
    console.error(line)
    process.exitCode = 1
  }
}

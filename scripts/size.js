// @ts-check
// What an application pays, in bytes, minified and gzipped: the code of this package, and the same with its dependencies.
import { gzipSync } from 'node:zlib'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

/** @param {string} code @param {string[]} external */
async function gzippedBytes(code, external) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    conditions: ['worker', 'edge-light'],
    mainFields: ['module', 'main'],
    external,
  })
  return gzipSync(/** @type {import('esbuild').OutputFile} */ (outputFiles[0]).contents, { level: 9 }).length
}

/** Sizes by name; the dependencies are left out of `core`, which `limiter`, `rateLimit` and `lock` come on top of. */
export async function measureSizes() {
  const all = "export * from 'hybrid-cache'; export * from 'hybrid-cache/cloudflare'"
  const own = (/** @type {string} */ names) =>
    gzippedBytes(`export * from 'hybrid-cache'; ${names}`, ['@upstash/redis/*', 'superjson', 'tiny-lru'])
  const core = await own('')
  return {
    core,
    everything: await gzippedBytes(all, []),
    limiter: (await own("export { createRateLimiter, gcra } from 'hybrid-cache/rate-limit'")) - core,
    lock: (await own("export * from 'hybrid-cache/lock'")) - core,
    rateLimit: (await own("export * from 'hybrid-cache/rate-limit'")) - core,
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [name, bytes] of Object.entries(await measureSizes()))
    console.log(`${name}: ${(bytes / 1024).toFixed(1)} KB`)
}

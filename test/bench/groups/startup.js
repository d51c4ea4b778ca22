// @ts-check
// How long an isolate of workerd takes to import the cache and to create one. Imported from a handler, for outside of one no clock
// runs. It shows whole milliseconds, so that each isolate imports copies, one after the other; isolates of each kind take turns.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { median } from '../ratio.js'

/** In milliseconds: the median, and the shortest. @typedef {{ name: string, median: number, least: number }} Startup */

const root = fileURLToPath(new URL('../../..', import.meta.url))
const isolates = 9
const copies = 10
const credentials = "{ url: 'https://example.upstash.io', token: 'x' }"

/** What is imported, and what is made of it. @type {Readonly<Record<string, string>>} */
const subjects = {
  'an empty module': 'export const create = () => ({})',
  '@upstash/redis': `import { Redis } from '@upstash/redis/cloudflare'
export const create = () => new Redis(${credentials})`,
  'hybrid-cache': `import { createHybridCache } from 'hybrid-cache'
export const create = () => createHybridCache({ redis: ${credentials} })`,
}

const worker = `export default {
  async fetch() {
    const started = performance.now()
    for (let copy = 0; copy < ${copies}; copy++) {
      const { create } = await import('copy' + copy + '.js')
      create()
    }
    return new Response(String((performance.now() - started) / ${copies}))
  },
}`

/** @returns {Promise<Startup[]>} */
export async function startup() {
  const folder = mkdtempSync(join(tmpdir(), 'hybrid-cache-bench-'))
  const child = spawn(
    createRequire(import.meta.url)('workerd').default,
    ['serve', '--control-fd=3', await configIn(folder)],
    { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] },
  )
  try {
    const ports = await portsOf(child)
    /** @type {Record<string, number[]>} */
    const times = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]))
    for (let turn = 0; turn < isolates; turn++)
      for (const [i, name] of Object.keys(subjects).entries()) {
        const response = await fetch(`http://127.0.0.1:${ports.get(socketOf(i, turn))}/`)
        times[name]?.push(Number(await response.text()))
      }
    return Object.entries(times).map(([name, each]) => ({
      name,
      median: median(each),
      least: Math.min(...each),
    }))
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {number} subject @param {number} turn */
const socketOf = (subject, turn) => `s${subject}-${turn}`

/** Writes what workerd is told. @param {string} folder */
async function configIn(folder) {
  writeFileSync(join(folder, 'worker.js'), worker)
  const names = []
  for (const [i, code] of Object.values(subjects).entries()) {
    const text = await bundled(code)
    for (let copy = 0; copy < copies; copy++)
      writeFileSync(join(folder, `subject${i}-${copy}.js`), `${text}// ${copy}`)
    names.push(...Array.from({ length: isolates }, (_, turn) => ({ socket: socketOf(i, turn), i })))
  }
  const services = names.map(({ socket, i }) => `(name = "${socket}", worker = .worker${i}),`)
  const sockets = names.map(
    ({ socket }) => `(name = "${socket}", address = "127.0.0.1:0", http = (), service = "${socket}"),`,
  )
  const workers = Object.keys(subjects).map(
    (_, i) => `const worker${i} :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    ${Array.from({ length: copies }, (__, copy) => `(name = "copy${copy}.js", esModule = embed "subject${i}-${copy}.js"),`).join('\n')}
  ],
  compatibilityDate = "2026-01-01",
);`,
  )
  const path = join(folder, 'config.capnp')
  writeFileSync(
    path,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [${services.join('\n')}], sockets = [${sockets.join('\n')}]);
${workers.join('\n')}
`,
  )
  return path
}

/** As an application bundles it. @param {string} contents */
async function bundled(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    conditions: ['workerd', 'worker'],
    mainFields: ['module', 'main'],
  })
  return /** @type {import('esbuild').OutputFile} */ (outputFiles[0]).text
}

/** @param {import('node:child_process').ChildProcess} child @returns {Promise<Map<string, number>>} */
async function portsOf(child) {
  const ports = new Map()
  const lines = createInterface({ input: /** @type {import('node:stream').Readable} */ (child.stdio[3]) })
  for await (const line of lines) {
    const { event, socket, port } = JSON.parse(line)
    if (event === 'listen') ports.set(socket, port)
    if (ports.size === isolates * Object.keys(subjects).length) break
  }
  return ports
}

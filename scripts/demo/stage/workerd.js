// @ts-check
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** @typedef {import('./worker.js').Worker} Worker */

const require = createRequire(import.meta.url)
const CONTROL_FD = 3
const START_LIMIT = 15_000

/** For people: which runtime this is. */
export const runtime = `workerd ${require('workerd').version}`

/**
 * Runs a Worker in a workerd process of its own, on a free port of the loopback interface. It reaches nothing but this
 * machine.
 *
 * @param {Worker} worker
 * @param {Record<string, string>} env Its bindings, over the `vars` of wrangler.toml.
 * @param {import('../cleanup.js').Cleanup} cleanup
 * @returns {Promise<import('../types.d.ts').Isolate>}
 */
export async function startIsolate(worker, env, cleanup) {
  const bindings = { ...worker.vars, ...env }
  const folder = await mkdtemp(join(tmpdir(), 'hybrid-cache-workerd-'))
  const removeFolder = () => rmSync(folder, { recursive: true, force: true })
  cleanup.add(removeFolder)
  await writeFile(join(folder, 'worker.js'), worker.code)
  await writeFile(join(folder, 'config.capnp'), configOf(worker, Object.keys(bindings)))

  // The program itself: npm's launcher would be one more process, which does not pass a SIGKILL on.
  const program = require('workerd').default
  const child = spawn(program, ['serve', `--control-fd=${CONTROL_FD}`, join(folder, 'config.capnp')], {
    env: { ...systemEnv(), ...bindings },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const abandon = () => {
    child.kill('SIGKILL')
    removeFolder()
  }
  process.once('exit', abandon) // the last resort, where nobody gets to call `stop`
  const stop = async () => {
    process.off('exit', abandon)
    // SIGTERM would wait for open connections.
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL'))
      await once(child, 'exit')
    removeFolder()
  }
  cleanup.add(stop)
  const output = collect(child)
  const port = await listening(child, output)
  return { url: `http://127.0.0.1:${port}`, pid: child.pid ?? 0, output, stop }
}

/**
 * The bindings come from the environment of the process, so that no token is written to disk.
 *
 * @param {Worker} worker
 * @param {string[]} names
 */
function configOf({ compatibilityDate, compatibilityFlags }, names) {
  const bindings = names.map((name) => `(name = ${quote(name)}, fromEnvironment = ${quote(name)})`)
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = ${quote(compatibilityDate)},
  compatibilityFlags = [${compatibilityFlags.map(quote).join(', ')}],
  bindings = [${bindings.join(', ')}],
);
`
}

/** @param {string} value */
const quote = (value) => JSON.stringify(value)

/** What a program needs of its environment to start at all. */
function systemEnv() {
  const { PATH = '', SystemRoot } = process.env
  return SystemRoot === undefined ? { PATH } : { PATH, SystemRoot }
}

/** @param {import('node:child_process').ChildProcess} child */
function collect(child) {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk) => {
      text = (text + chunk).slice(-10_000)
    })
  }
  return () => text
}

/**
 * Resolves to the port, as soon as workerd says that it listens.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @param {() => string} output
 * @returns {Promise<number>}
 */
function listening(child, output) {
  return new Promise((resolve, reject) => {
    let said = ''
    const fail = (/** @type {string} */ why) => reject(new Error(`workerd ${why}\n${output()}`))
    const timer = setTimeout(() => fail('did not start'), START_LIMIT)
    child.once('error', (error) => fail(`could not be started: ${error.message}`))
    child.once('close', () => fail('ended at once'))
    child.stdio[CONTROL_FD]?.on('data', (chunk) => {
      said += String(chunk)
      const port = /"event":\s*"listen".*"port":\s*(\d+)/.exec(said)?.[1]
      if (port === undefined) return
      clearTimeout(timer)
      resolve(Number(port))
    })
    child.once('close', () => clearTimeout(timer))
  })
}

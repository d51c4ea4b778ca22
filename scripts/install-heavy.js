// @ts-check
// Installs what is too heavy for everybody: the runtimes that the tests start, the tools that check the package, the peers that it
// is compared with, what plants mutants, and the example for Vercel, each a package with a lock file of its own. Arguments name those
// that are wanted, else it is all that the tests need.
// Does nothing, and says nothing, where all of it is there already.
import { execFile } from 'node:child_process'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * The packages, and what puts a program of theirs in its place. npm is told to run no install scripts, which it is about to
 * refuse by default; these two are known and needed.
 * `asked`: only where it is named, as no test needs it.
 * @type {readonly { path: string, finish?: string, asked?: true }[]}
 */
const packages = [
  { path: 'test/runtimes/bun', finish: 'node_modules/bun/install.js' },
  { path: 'test/runtimes/deno', finish: 'node_modules/deno/install.cjs' },
  { path: 'test/runtimes/edge-runtime' },
  { path: 'test/package/tools' },
  { path: 'test/integration/tcp/clients' },
  { path: 'test/peers' },
  { path: 'test/mutation', asked: true },
  { path: 'examples/vercel' },
]
const wanted = process.argv.slice(2)

/**
 * Written last, so that an install that was cut short counts for nothing.
 * @param {string} folder
 */
const stampOf = (folder) => join(folder, 'node_modules', '.installed')

/** @param {string} folder */
function isCurrent(folder) {
  const stamp = stampOf(folder)
  return existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(join(folder, 'package-lock.json')).mtimeMs
}

/**
 * @param {string} folder
 * @param {string | undefined} finish
 */
async function install(folder, finish) {
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  // Under `npm test` this is the npm that runs already, so that no other one has to be found.
  const npm = process.env['npm_execpath']
  if (npm?.endsWith('.js')) await run(process.execPath, [npm, ...args], { cwd: folder })
  else await run('npm', args, { cwd: folder, shell: process.platform === 'win32' })
  if (finish !== undefined) await run(process.execPath, [join(folder, finish)], { cwd: folder })
  writeFileSync(stampOf(folder), '')
}

const chosen = packages.filter(({ path, asked }) =>
  wanted.length === 0 ? asked !== true : wanted.includes(path),
)
const outcomes = await Promise.all(
  chosen.map(async ({ path, finish }) => {
    const folder = join(root, path)
    if (isCurrent(folder)) return true
    console.log(`installing ${path}`)
    try {
      await install(folder, finish)
      return true
    } catch (error) {
      const { stderr, message } = /** @type {Error & { stderr?: string }} */ (error)
      console.error(`${path} could not be installed:\n${stderr || message}`)
      return false
    }
  }),
)

process.exitCode = outcomes.every(Boolean) ? 0 : 1

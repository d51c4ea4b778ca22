// @ts-check
// Compiles src/lua/*.lua into src/lua/scripts.ts. With `--check` it writes nothing, and fails when what is
// committed is not what the sources say now. A folder may be named to work on another one.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compile } from './compile.js'
import { Fault } from './fault.js'

const check = process.argv.includes('--check')
const named = process.argv.slice(2).find((word) => !word.startsWith('-'))
const folder = named ?? fileURLToPath(new URL('../../src/lua', import.meta.url))
const target = join(folder, 'scripts.ts')

try {
  const text = compile(folder)
  if (!check) writeFileSync(target, text)
  else if (committed() !== text) fail('scripts.ts is stale: run "npm run lua" and commit what it writes')
} catch (error) {
  if (!(error instanceof Fault)) throw error
  fail(error.message)
}

/** Git may have checked it out with the line ends of Windows. */
function committed() {
  try {
    return readFileSync(target, 'utf8').replaceAll('\r\n', '\n')
  } catch {
    return undefined
  }
}

/** @param {string} message */
function fail(message) {
  console.error(message)
  process.exitCode = 1
}

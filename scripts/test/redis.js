// @ts-check
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const install = 'apt-get update && apt-get install -y --no-install-recommends redis-server'

/**
 * The real Redis that the tests compare with: found in `REDIS_SERVER_BIN` or `PATH`, or installed where nobody minds (as root
 * with apt-get, or in CI). On a person's own machine nothing is installed unasked.
 */
export function ensureRedis() {
  const found = findRedis()
  if (found !== undefined) return found
  const isRoot = process.getuid?.() === 0
  if (has('apt-get') && (isRoot || process.env.CI)) {
    console.log('No redis-server found: installing it.')
    const command = isRoot ? install : install.replaceAll('apt-get', 'sudo -n apt-get')
    spawnSync('sh', ['-c', command], { stdio: ['ignore', 'ignore', 'inherit'] })
  }
  const installed = findRedis()
  if (installed === undefined && process.env.CI) {
    console.error(
      'CI tests against a real redis-server, and there is none: install one, or set REDIS_SERVER_BIN.',
    )
    process.exit(1)
  }
  return installed
}

/** What a person would type to get one. */
export function howToGetRedis() {
  if (process.platform === 'darwin') return 'brew install redis'
  return has('apt-get')
    ? `sudo sh -c '${install}'`
    : 'install redis-server 7 or newer with your package manager'
}

function findRedis() {
  const named = process.env.REDIS_SERVER_BIN
  return named ? (isProgram(named) ? named : undefined) : find('redis-server')
}

/** @param {string} name */
const has = (name) => find(name) !== undefined

/** @param {string} name */
function find(name) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => join(folder, name)).find(isProgram)
}

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

import { createRequire } from 'node:module'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './built.ts'

const { resolve } = createRequire(import.meta.url)
const runtimes = join(root, 'test/runtimes')

/** The program itself, not the script that starts it: only so does its process id tell whom to kill. */
export function denoProgram(): string {
  return installed(
    join(runtimes, 'deno/node_modules/deno', process.platform === 'win32' ? 'deno.exe' : 'deno'),
  )
}

export function bunProgram(): string {
  return installed(join(runtimes, 'bun/node_modules/bun/bin/bun.exe'))
}

export function workerdProgram(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const arch = process.arch === 'x64' ? '64' : process.arch
  return resolve(`@cloudflare/workerd-${platform}-${arch}/bin/workerd`)
}

export function edgeRuntimeHost(): string {
  installed(join(runtimes, 'edge-runtime/node_modules/edge-runtime'))
  return join(runtimes, 'edge-runtime/host.js')
}

function installed(path: string): string {
  if (existsSync(path)) return path
  throw new Error(`${path} is missing: run node scripts/install-heavy.js`)
}

// @ts-check
// Whether what would be published is right: for npm (publint, are-the-types-wrong) and for JSR (a dry run, which needs no
// network). Needs a build.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const tools = join(root, 'test/package/tools/node_modules/.bin')
const deno = join(root, 'test/runtimes/deno/node_modules/.bin/deno')

/** @type {readonly [command: string, ...args: string[]][]} */
const checks = [
  [process.execPath, join(root, 'scripts/install-heavy.js')],
  [join(tools, 'publint'), '--strict', root],
  [join(tools, 'attw'), '--pack', root, '--profile', 'esm-only', '--format', 'ascii'],
  [deno, 'publish', '--dry-run', '--allow-dirty', '--quiet'],
]

for (const [command, ...args] of checks) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

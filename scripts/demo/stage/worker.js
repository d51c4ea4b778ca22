// @ts-check
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { parse } from 'smol-toml'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/**
 * The Worker that wrangler.toml describes, in one module, as `wrangler` would bundle it.
 *
 * @param {{ alias?: Record<string, string> }} [options] `alias`: modules to take instead of others.
 */
export async function readWorker({ alias = {} } = {}) {
  const {
    main,
    compatibility_date,
    compatibility_flags = [],
    vars = {},
  } = parse(await readFile(join(root, 'wrangler.toml'), 'utf8'))
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [text(main, 'main')],
    alias,
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'browser'],
    logLevel: 'silent',
  })
  return {
    code: outputFiles[0]?.text ?? '',
    compatibilityDate: text(compatibility_date, 'compatibility_date'),
    compatibilityFlags: /** @type {string[]} */ (compatibility_flags),
    vars: /** @type {Record<string, string>} */ (vars),
  }
}

/** @typedef {Awaited<ReturnType<typeof readWorker>>} Worker */

/**
 * @param {unknown} value
 * @param {string} name
 */
function text(value, name) {
  if (typeof value === 'string') return value
  throw new TypeError(`wrangler.toml: ${name} must be a string`)
}

// @ts-check
import { parseArgs } from 'node:util'

export const usage = `Usage: npm run demo -- [options]

Runs examples/cloudflare as two isolates over one Redis and shows what each request costs. Every row is checked.

  --json         rows as JSON
  --svg <file>   also draws the table as a picture
  --help         this text

With UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN set, that database is used instead of a local one.
`

/**
 * Throws a `TypeError` for anything it does not know.
 *
 * @param {string[]} words
 * @returns {import('./types.d.ts').Arguments}
 */
export function readArguments(words) {
  const { values } = parseArgs({
    args: words,
    options: {
      json: { type: 'boolean', default: false },
      svg: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  return { json: values.json, svg: values.svg, help: values.help }
}

import { parseArgs } from 'node:util'
import type { DevServerEngine, DevServerOptions } from './options.ts'

const DEFAULT_PORT = 8079

export const HELP: string = `hybrid-cache dev: a local server that speaks the REST API of Upstash Redis

Usage: hybrid-cache dev [options]

  --port <n>         port of the REST API; 0 takes a free one (default ${DEFAULT_PORT})
  --host <address>   address to listen on (default 127.0.0.1: this machine only)
  --token <text>     bearer token (default: a random one, printed)
  --engine <name>    embedded (default; needs the package js-redis-server) or redis-server
                     (7.0 or newer; spawned; found in REDIS_SERVER_BIN or PATH)
  --redis <url>      use a Redis (7.0 or newer) or Valkey that runs already:
                     redis://[user:password@]host[:port][/database]
  --max-body <n>     largest request body in bytes (default 10485760)
  --help             this text
`

/** What the command line asks for: help, or a server. */
export type CliRequest =
  | { readonly help: true }
  | { readonly help: false; readonly options: DevServerOptions }

/** Reads the command line. Throws an `Error` that says what is wrong with it. */
export function readCommandLine(args: readonly string[]): CliRequest {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      port: { type: 'string' },
      host: { type: 'string' },
      token: { type: 'string' },
      engine: { type: 'string' },
      redis: { type: 'string' },
      'max-body': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) return { help: true }
  if (positionals.length !== 1 || positionals[0] !== 'dev')
    throw new Error('The only command is: hybrid-cache dev')
  const maxBody = values['max-body']
  return {
    help: false,
    options: {
      port: values.port === undefined ? DEFAULT_PORT : wholeNumber('--port', values.port),
      engine: engineChoice(values.engine, values.redis),
      ...(values.host !== undefined && { host: values.host }),
      ...(values.token !== undefined && { token: values.token }),
      ...(maxBody !== undefined && { maxBodyBytes: wholeNumber('--max-body', maxBody) }),
    },
  }
}

function engineChoice(engine: string | undefined, url: string | undefined): DevServerEngine {
  if (url !== undefined) {
    if (engine !== undefined) throw new Error('Pass either --engine or --redis, not both.')
    return { url }
  }
  if (engine === undefined || engine === 'embedded') return 'embedded'
  if (engine === 'redis-server') return 'redis-server'
  throw new Error('--engine must be embedded or redis-server.')
}

function wholeNumber(option: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new Error(`${option} must be a whole number.`)
  return Number(text)
}

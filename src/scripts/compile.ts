import { sha1 } from '../encoding.ts'
import { type LuaScript, textFor } from '../lua/index.ts'

/** Options of a script of your own. */
export interface ScriptOptions {
  /** Its name in errors, events and traces. Default `'(custom)'`. */
  readonly name?: string | undefined
  /** It writes nothing: it is then run with `EVALSHA_RO`, which a replica may answer. Default `false`. */
  readonly readonly?: boolean | undefined
  /** It may run twice: it is then sent again if a request failed in transit. Default: `readonly`. */
  readonly idempotent?: boolean | undefined
  /** It touches keys that are not in KEYS: Upstash then locks the whole database for it. Default `false`. */
  readonly dynamicKeys?: boolean | undefined
}

const any = { min: 0, max: Infinity, names: [] }

/** A script of your own in the form of the built-in ones. Throws a `TypeError` for a text that cannot be one. */
export async function compile(source: string, options: ScriptOptions = {}): Promise<LuaScript> {
  if (typeof source !== 'string' || source.trim() === '') throw new TypeError('a script must be Lua text')
  if (!source.isWellFormed())
    throw new TypeError('a script must be well-formed text: it holds a lone surrogate')
  if (source.startsWith('#!')) {
    throw new TypeError(
      "leave out the script's first line '#!lua …': it is added as the server needs it; see the options of prepare",
    )
  }
  const { name = '(custom)', readonly = false, idempotent = readonly, dynamicKeys = false } = options
  const script = { name, readonly, idempotent, dynamicKeys, keys: any, args: any, lineOffset: 1 }
  // The first line is that of the dialect.
  const draft: LuaScript = { ...script, source: `\n${source}`, sha1: { redis: '', upstash: '' } }
  const [redis, upstash] = await Promise.all([sha1(textFor(draft, 'redis')), sha1(textFor(draft, 'upstash'))])
  return { ...draft, sha1: { redis, upstash } }
}

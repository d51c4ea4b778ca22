/** Which Redis a script is sent to: they want different first lines. */
export type LuaDialect = 'redis' | 'upstash'

/** How many keys or arguments a script takes, and what they are. */
export interface LuaParameters {
  readonly min: number
  /** `Infinity` for as many as one likes. */
  readonly max: number
  /** In order; one name stands for all where there may be any number. */
  readonly names: readonly string[]
  /** There is one of the first for each key. */
  readonly perKey?: boolean
  /** Which of them are milliseconds, by position: there a duration such as `'30s'` will do. -1 is the last one. */
  readonly durations?: readonly number[]
}

/** A script of this package: its text, what it takes, and what is known about it. */
export interface LuaScript<Reply = unknown> {
  readonly name: string
  /** Plain Lua, for any Redis. Its first line is empty: see {@link textFor}. */
  readonly source: string
  /** The SHA-1 of the text that each dialect sends, for `EVALSHA`. */
  readonly sha1: { readonly redis: string; readonly upstash: string }
  readonly keys: LuaParameters
  readonly args: LuaParameters
  /** It writes nothing: `EVALSHA_RO` will do, also on a replica. */
  readonly readonly: boolean
  /** Sent twice it leaves what it leaves when sent once, and the second answer serves as well as the first. */
  readonly idempotent: boolean
  /** It touches keys that are not in KEYS, so that it cannot lock only those. */
  readonly dynamicKeys: boolean
  /** How many lines the source has before its author's first one: what errors name is counted from there. Default 0. */
  readonly lineOffset?: number
  /** The type of its reply; there is never a value here. */
  readonly reply?: Reply
}

/**
 * The exact text to send with `EVAL`, the one that `sha1` is of.
 *
 * Upstash locks the whole database for a script unless its first line says that it keeps to its KEYS; other servers
 * refuse that very line. It takes the place of the source's first, empty line: an error names the same line of the
 * `.lua` file either way.
 */
export function textFor(script: LuaScript, dialect: LuaDialect): string {
  return dialect === 'upstash' ? `${shebangFor(script)}${script.source}` : script.source
}

function shebangFor({ readonly, dynamicKeys }: LuaScript): string {
  const flags = [...(readonly ? ['no-writes'] : []), ...(dynamicKeys ? [] : ['allow-key-locking'])]
  return flags.length === 0 ? '' : `#!lua flags=${flags.join(',')}`
}

/** The kind of Redis that a script is sent to: they need different first lines. */
export type LuaDialect = 'redis' | 'upstash'

/** How many keys or arguments a script takes, and what they are. */
export interface LuaParameters {
  readonly min: number
  /** `Infinity` for any number. */
  readonly max: number
  /** In order; one name stands for all if there may be any number. */
  readonly names: readonly string[]
  /** There is one argument for each key. */
  readonly perKey?: boolean
  /** The positions of those in milliseconds, for which a duration such as `'30s'` is accepted, too. -1 is the last one. */
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
  /** It writes nothing: it is run with `EVALSHA_RO`, which a replica may answer. */
  readonly readonly: boolean
  /** Run twice it has the same effect as once, and the second reply is as good as the first. */
  readonly idempotent: boolean
  /** It touches keys that are not in KEYS, so that locking only those is not enough. */
  readonly dynamicKeys: boolean
  /** How many lines the source has before its author's first one: errors count lines from there. Default 0. */
  readonly lineOffset?: number
  /** Carries the type of its reply; it never has a value. */
  readonly reply?: Reply
}

/**
 * The exact text to send with `EVAL`, whose digest is `sha1`.
 *
 * Upstash locks the whole database for a script unless its first line says that it touches only its KEYS; other servers
 * refuse that line. It replaces the source's first, empty line: an error names the same line of the
 * `.lua` file either way.
 */
export function textFor(script: LuaScript, dialect: LuaDialect): string {
  return dialect === 'upstash' ? `${shebangFor(script)}${script.source}` : script.source
}

function shebangFor({ readonly, dynamicKeys }: LuaScript): string {
  const flags = [...(readonly ? ['no-writes'] : []), ...(dynamicKeys ? [] : ['allow-key-locking'])]
  return flags.length === 0 ? '' : `#!lua flags=${flags.join(',')}`
}

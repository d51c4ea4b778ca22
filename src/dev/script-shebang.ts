/** What the first line of a script asks for, and the script without what the engine would refuse. */
export interface Shebang {
  /** The part of the first line that the engine gets; '' when it gets none. */
  readonly kept: string
  /** The script from the end of its first line on: the whole text when there is no shebang. */
  readonly body: string
  /** `allow-key-locking`: on Upstash the script locks its KEYS instead of the whole database. */
  readonly keyLocking: boolean
  /** `no-writes`: the script may not write. */
  readonly noWrites: boolean
}

const KEY_LOCKING = 'allow-key-locking'
const KNOWN = new Set([
  KEY_LOCKING,
  'no-writes',
  'allow-oom',
  'allow-stale',
  'no-cluster',
  'allow-cross-slot-keys',
])

/**
 * Takes Upstash's own flag off a script's first line; an engine that knows no shebang gets none of it. The line
 * itself stays, empty if need be, so that line numbers stay too. A first line that we cannot read is left as it
 * is: the engine says best what is wrong with it.
 */
export function readShebang(script: string, engineKnowsShebang: boolean): Shebang {
  const [line = ''] = script.split('\n', 1)
  const flags = readFlags(line)
  if (flags === undefined || line.length === script.length) {
    return { kept: '', body: script, keyLocking: false, noWrites: false }
  }
  const others = flags.filter((flag) => flag !== KEY_LOCKING)
  const onlyKeyLocking = flags.length > 0 && others.length === 0
  return {
    kept: engineKnowsShebang && !onlyKeyLocking ? shebangLine(others) : '',
    body: script.slice(line.length),
    keyLocking: flags.includes(KEY_LOCKING),
    noWrites: flags.includes('no-writes'),
  }
}

function readFlags(line: string): string[] | undefined {
  const found = /^#!lua(?:[ \t]+flags=([a-z,-]*))?[ \t\r]*$/.exec(line)
  if (found === null) return undefined
  const flags = (found[1] ?? '').split(',').filter((flag) => flag !== '')
  return flags.every((flag) => KNOWN.has(flag)) ? flags : undefined
}

function shebangLine(flags: readonly string[]): string {
  return flags.length === 0 ? '#!lua' : `#!lua flags=${flags.join(',')}`
}

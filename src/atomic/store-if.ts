import { replace, type Sealed, toWrite } from '../load/store.ts'
import type { Operation } from '../events.ts'
import type { LuaScript } from '../lua/index.ts'
import type { WriteOptions } from '../options.ts'
import type { RedisParts } from '../parts.ts'

/** Options of a write that depends on what Redis holds: those of `set`, but Redis is always asked. */
export type ConditionalOptions = Omit<WriteOptions, 'l2'>

/** One conditional write, and the script that makes it. */
export interface ConditionalWrite {
  readonly key: string
  readonly value: unknown
  readonly options: ConditionalOptions
  readonly operation: Operation
  readonly script: LuaScript<number>
  /** Whether there is nothing to ask for where the value has ended already. */
  readonly onlyFresh?: boolean
  /** The arguments between the key's prefix and the new entry. */
  readonly args: readonly string[]
}

/** Stores a value as `set` does, but if a script says so; resolves to whether it did. */
export async function storeIf(
  { core, view, executor }: RedisParts,
  { script, args, onlyFresh = false, ...given }: ConditionalWrite,
): Promise<boolean> {
  if ((given.options as WriteOptions).l2 === false) {
    throw new TypeError(`${given.operation} depends on what Redis holds: it cannot do without l2`)
  }
  const write = toWrite(core, view, given)
  const decide = async ({ bytes, ttl }: Sealed): Promise<boolean> => {
    if (ttl === 0 && onlyFresh) return false
    const reply = await executor.run(script, {
      keys: [write.place.physicalKey],
      args: [core.settings.keyPrefix, ...args, bytes, String(ttl)],
      signal: given.options.signal,
    })
    return reply === 1
  }
  return replace(core, [write], decide)
}

/** The codecs that a cache can decode, as scripts take them. */
export function codecsOf({ core }: RedisParts): string {
  return `,${core.codec.readable.join(',')},`
}

// The change log: a sorted set in Redis, each change under its version.
import type { Command, Reply } from '../redis/index.ts'

/** How many versions back the log goes. A constant of the protocol: isolates and scripts must agree on it. */
export const logLength = 1024

/** A counter below this was counted up where there was none, and nobody has seeded it yet. As in the scripts. */
export const lowestSeed = 1e12

/**
 * What a change is of. `k` a key that was set or removed, `y` one that was expired; `t` a tag that was removed, `x` one that was
 * expired; `*` everything.
 */
export type ChangeKind = 'k' | 'y' | 't' | 'x' | '*'

/** One change, as the log tells of it. */
export interface Change {
  readonly kind: ChangeKind
  readonly namespace: string | undefined
  readonly name: string
  readonly version: number
}

/** What an event says of a change. */
export function kindOf({ kind }: Change): 'key' | 'tag' | 'all' {
  if (kind === '*') return 'all'
  return kind === 'k' || kind === 'y' ? 'key' : 'tag'
}

/** The member of the log that a change is. No namespace holds a bar. */
export function memberOf(kind: ChangeKind, namespace: string | undefined, name: string): string {
  return `${kind}|${namespace ?? ''}|${name}`
}

const member = /^([kytx*])\|([^|]*)\|([^]*)$/

/** Reads the changes from a version on, and one more than may have been missed. */
export function readLog(key: string, from: number): Command {
  return ['ZRANGE', key, from, '+inf', 'BYSCORE', 'LIMIT', 0, logLength + 1, 'WITHSCORES']
}

/** What the log answered: its changes in order; `undefined` for whatever is no such answer. */
export function parseLog(reply: Reply): Change[] | undefined {
  if (!Array.isArray(reply) || reply.length % 2 !== 0) return undefined
  const changes: Change[] = []
  for (let i = 0; i < reply.length; i += 2) {
    const version = Number(reply[i + 1])
    if (!Number.isSafeInteger(version)) return undefined
    changes.push(toChange(String(reply[i]), version))
  }
  return changes
}

/** What a member of the log tells of. */
export function toChange(text: string, version: number): Change {
  const [, kind, namespace, name] = member.exec(text) ?? []
  // Of a later format, perhaps: that it happened counts all the same.
  if (kind === undefined || name === undefined) return { kind: '*', namespace: undefined, name: '', version }
  return { kind: kind as ChangeKind, namespace: namespace || undefined, name, version }
}

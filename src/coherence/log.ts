// The change log: a sorted set in Redis, each change with its version as the score.
import type { Command, Reply } from '../redis/index.ts'

/** How many versions the log keeps. A constant of the protocol: isolates and scripts must agree on it. */
export const logLength = 1024

/** A counter below this was incremented without having been seeded. As in the scripts. */
export const lowestSeed = 1e12

/**
 * What changed. `k` a key that was set or removed, `y` one that was expired; `t` a tag that was removed, `x` one that was
 * expired; `*` everything.
 */
export type ChangeKind = 'k' | 'y' | 't' | 'x' | '*'

/** One change in the log. */
export interface Change {
  readonly kind: ChangeKind
  readonly namespace: string | undefined
  readonly name: string
  readonly version: number
}

/** The kind of a change in events. */
export function kindOf({ kind }: Change): 'key' | 'tag' | 'all' {
  if (kind === '*') return 'all'
  return kind === 'k' || kind === 'y' ? 'key' : 'tag'
}

/** The member of the log for a change. No namespace contains a bar. */
export function memberOf(kind: ChangeKind, namespace: string | undefined, name: string): string {
  return `${kind}|${namespace ?? ''}|${name}`
}

const member = /^([kytx*])\|([^|]*)\|([^]*)$/

/** Reads the changes from a version on, at most one more than the log keeps. */
export function readLog(key: string, from: number): Command {
  return ['ZRANGE', key, from, '+inf', 'BYSCORE', 'LIMIT', 0, logLength + 1, 'WITHSCORES']
}

/** The changes in a reply of the log, in order; `undefined` for an invalid reply. */
export function parseLog(reply: Reply): Change[] | undefined {
  if (!Array.isArray(reply) || reply.length % 2 !== 0 || reply.some(Array.isArray)) return undefined
  const changes: Change[] = []
  for (let i = 0; i < reply.length; i += 2) {
    const version = Number(reply[i + 1])
    if (!Number.isSafeInteger(version)) return undefined
    changes.push(toChange(String(reply[i]), version))
  }
  return changes
}

/** The change in a member of the log. */
export function toChange(text: string, version: number): Change {
  const [, kind, namespace, name] = member.exec(text) ?? []
  // Perhaps of a later format: it counts as a change of everything.
  if (kind === undefined || name === undefined) return { kind: '*', namespace: undefined, name: '', version }
  return { kind: kind as ChangeKind, namespace: namespace || undefined, name, version }
}

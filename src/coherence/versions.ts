// What an isolate knows of versions, and what follows from it. The rules, and the traps that they avoid: docs/coherence.md.
import { type LRU, lru } from 'tiny-lru'

/** What is known of a tag: the version below which entries with it are dead, and that below which they are stale. */
interface TagVersion {
  readonly hard: number
  readonly soft: number
  /** Not all of its changes up to the horizon are known: entries from before that may have been removed as well. */
  readonly partial: boolean
}

/**
 * Whether an entry may be used. `dead`: removed, by key, tag or `clear`. `unknown`: a tag has to be asked for. `soft`: expired
 * early, by key or tag: usable only as stale, and never at once (`swr`).
 */
export type Verdict = 'ok' | 'soft' | 'dead' | 'unknown'

const maxTags = 10_000
const maxOwn = 10_000

/** The versions that an isolate has seen, shared by the namespaces of a cache. */
export class Versions {
  /** The highest version seen in any reply. */
  seen = 0
  /** The log is applied up to here. */
  applied = 0
  /** Changes of tags after this are all known. */
  horizon = 0
  /** Whether `applied` is known. */
  ready = false
  /** Incremented whenever an entry that was alive may no longer be. */
  epoch = 0
  /** The version of everything: the last `clear`. */
  #star = 0
  readonly #tags: LRU<TagVersion> = lru(maxTags)
  /** This isolate's own invalidations, by key in L1. */
  readonly #own: LRU<number> = lru(maxOwn)
  /** The same for what it has expired. */
  readonly #expired: LRU<number> = lru(maxOwn)

  constructor() {
    this.#tags.onEvict(({ value }) => {
      this.horizon = Math.max(this.horizon, value.hard, value.soft)
      this.epoch++
    })
  }

  see(version: number): void {
    if (version > this.seen) this.seen = version
  }

  /** `tags`: addresses, that of the namespace's star among them. */
  judge(stamp: number, localKey: string, tags: readonly string[]): Verdict {
    if (stamp < (this.#own.peek(localKey) ?? 0)) return 'dead'
    return this.judgeByTags(stamp, tags, stamp < (this.#expired.peek(localKey) ?? 0) ? 'soft' : 'ok')
  }

  /** The same for an entry under any key; `verdict`: that by the key. */
  judgeByTags(stamp: number, tags: readonly string[], verdict: Verdict = 'ok'): Verdict {
    if (stamp < this.#star) return 'dead'
    for (const tag of tags) {
      const known = this.#tags.peek(tag)
      if (known !== undefined && stamp < known.hard) return 'dead'
      if (known?.partial !== false && stamp < this.horizon) verdict = 'unknown'
      else if (known !== undefined && stamp < known.soft && verdict === 'ok') verdict = 'soft'
    }
    return verdict
  }

  /** Whether no known invalidation concerns an entry with this stamp; `unknown` counts as none. */
  spares(stamp: number, localKey: string, tags: readonly string[]): boolean {
    const verdict = this.judge(stamp, localKey, tags)
    return verdict !== 'dead' && verdict !== 'soft'
  }

  /** Below this version, any entry is dead. */
  get cleared(): number {
    return this.#star
  }

  /** Below this version, any entry under a key is dead, as far as that follows from `tags`, which all of its entries have. */
  floor(localKey: string, tags: readonly string[] = []): number {
    const known = tags.map((tag) => this.#tags.peek(tag)?.hard ?? 0)
    return Math.max(this.#star, this.#own.peek(localKey) ?? 0, ...known)
  }

  /** Below this version, any entry with all of these tags is dead or stale, as far as is known. */
  freshFrom(tags: readonly string[]): number {
    const known = tags.flatMap((tag) => this.#tags.peek(tag) ?? [])
    return Math.max(0, ...known.flatMap(({ hard, soft }) => [hard, soft]))
  }

  /** This isolate has removed, or replaced, what was under a key. */
  own(localKey: string, version: number): void {
    this.see(version)
    if (version > (this.#own.peek(localKey) ?? 0)) this.#own.set(localKey, version)
  }

  /** This isolate has expired what was under a key. */
  ownExpiry(localKey: string, version: number): void {
    this.see(version)
    if (version > (this.#expired.peek(localKey) ?? 0)) this.#expired.set(localKey, version)
  }

  learnStar(version: number): void {
    this.see(version)
    if (version <= this.#star) return
    this.#star = version
    this.epoch++
  }

  /**
   * A reply has both versions, a change only one of them. A hard change settles everything before it, unless unknown changes may lie
   * between it and the horizon: they may after an own change from before the first request.
   */
  learnTag(tag: string, told: { readonly hard?: number; readonly soft?: number }): void {
    const { hard = 0, soft = 0 } = told
    this.see(Math.max(hard, soft))
    const known = this.#tags.peek(tag)
    const asked = told.hard !== undefined && told.soft !== undefined
    const whole = asked || (told.hard !== undefined && this.ready && hard >= this.horizon)
    const partial = !whole && known?.partial !== false
    if (known !== undefined && hard <= known.hard && soft <= known.soft && partial === known.partial) return
    const learnt = { hard: Math.max(hard, known?.hard ?? 0), soft: Math.max(soft, known?.soft ?? 0), partial }
    this.#tags.set(tag, learnt)
    this.epoch++
  }

  knows(tag: string): boolean {
    return this.#tags.peek(tag)?.partial === false
  }

  /** An own write counts as applied if no write of others lies in between. */
  wrote(version: number): void {
    this.see(version)
    if (this.ready && version === this.applied + 1) this.applied = version
  }

  /** Takes the current version of the counter. Returns whether that counts: false if it is newer than what is applied. */
  begin(version: number): boolean {
    this.see(version)
    if (this.ready) return version <= this.applied
    this.ready = true
    this.applied = version
    this.horizon = Math.max(this.horizon, version)
    this.epoch++
    return true
  }

  /** The changes that were missed are lost: what is known of tags no longer counts. */
  reset(top: number): void {
    this.see(top)
    this.horizon = Math.max(this.horizon, top, this.seen)
    this.#tags.clear()
    this.ready = false
    this.epoch++
  }
}

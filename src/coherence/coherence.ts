import { chunksOf, type RedisTier, type Reply, softAddress, starAddress, tagAddress } from '../redis/index.ts'
import { localKeyOf } from '../view.ts'
import { type Change, kindOf, logLength, lowestSeed, parseLog, readLog } from './log.ts'
import type { Asking, CoherenceParts, CoherenceSettings, News } from './types.ts'
import type { Pushing } from './push.ts'
import { Versions } from './versions.ts'

interface Tick extends Asking {
  news: Promise<News>
  readonly tags: Set<string>
}

/** The tags that are fetched in one tick: each only once, however many entries have it. */
interface Fetch {
  readonly tags: Set<string>
  readonly done: Promise<void>
}

const upToDate: Promise<News> = Promise.resolve('ok')
const askAgainAfter = 2000
/** Two keys each, and two more: a thousand per command. */
const tagsAtOnce = 499

/** What may be trusted: the versions of an isolate, kept up to date along with its reads. */
export class Coherence {
  readonly versions: Versions = new Versions()
  readonly push: Pushing | undefined
  readonly #parts: CoherenceParts
  /** Shared by the reads of one tick, no longer: a promise of a request that is gone may never settle. */
  #tick: Tick | undefined
  #fetch: Fetch | undefined
  readonly #maxStaleness: number
  #checkedAt = -Infinity
  #askedAt = -Infinity
  /** A version that was found in Redis, beside the log; 0 for none. Reads poll the log until it is applied so far. */
  #noticed = 0

  constructor(parts: CoherenceParts) {
    this.#parts = parts
    if (parts.redis === undefined) this.versions.begin(1)
    this.#maxStaleness = (parts.redis && parts.settings?.maxStaleness) ?? Infinity
    this.push = parts.settings?.push?.attach({ ...parts, versions: this.versions })
  }

  /** Whether isolates learn of each other's invalidations; otherwise there are neither tags nor `clear`. */
  get isOn(): boolean {
    return this.#parts.redis === undefined || this.#parts.settings !== undefined
  }

  /** Throws a `TypeError` with `coherence: 'off'`; `what` is what needs it. */
  assertOn(what: string): void {
    if (!this.isOn) throw new TypeError(`${what} cannot work with coherence: 'off'`)
  }

  /** The key of the version counter. */
  get counterKey(): string {
    return `${this.#parts.prefix}:m:v`
  }

  /** The key of the change log. */
  get logKey(): string {
    return `${this.#parts.prefix}:m:log`
  }

  /** The key of the star, the version of everything. */
  get starKey(): string {
    return `${this.#parts.prefix}:${starAddress(undefined)}`
  }

  /** Whether L1 may be used without asking Redis. */
  get mayTrustLocal(): boolean {
    return (
      this.#maxStaleness === Infinity || this.#parts.clock.monotonic() - this.#checkedAt < this.#maxStaleness
    )
  }

  /**
   * Issues what has to be asked before a read that is issued in the same tick: the news come first, and are applied before
   * the value is judged. `undefined` if nothing has to be asked. `tags`: addresses that the read may need.
   */
  ask(tags: readonly string[]): Asking | undefined {
    if (this.#parts.settings === undefined || this.#parts.redis === undefined) return undefined
    this.push?.open()
    const missing = tags.filter((tag) => !this.versions.knows(tag) && this.#tick?.tags.has(tag) !== true)
    if (this.#tick === undefined) return this.#startTick(missing)
    if (missing.length > 0) this.#extend(this.#tick, missing)
    return this.#tick
  }

  /** Whether the next read would begin with a poll. */
  get isDue(): boolean {
    if (this.#parts.settings === undefined || this.#parts.redis === undefined) return false
    return !this.versions.ready || this.#isCheckDue()
  }

  #startTick(missing: readonly string[]): Asking | undefined {
    const asking: Tick = { news: upToDate, tags: new Set(missing) }
    if (!this.versions.ready) asking.news = this.#begin(asking, missing)
    else if (this.#isCheckDue()) {
      const check = this.#check(asking)
      asking.news = missing.length === 0 ? check : both(check, this.#begin(asking, missing))
    } else if (missing.length > 0) asking.news = this.#begin(asking, missing)
    else return undefined
    asking.news.catch(() => undefined) // its request fails for the reads as well, which report it
    this.#tick = asking
    void this.#endTick()
    return asking
  }

  #extend(tick: Tick, missing: readonly string[]): void {
    for (const tag of missing) tick.tags.add(tag)
    const news = both(tick.news, this.#begin(tick, missing))
    news.catch(() => undefined)
    tick.news = news
  }

  async #endTick(): Promise<void> {
    await undefined
    this.#tick = undefined
  }

  #isCheckDue(): boolean {
    const now = this.#parts.clock.monotonic()
    const { interval } = this.#parts.settings as CoherenceSettings
    if (this.push?.isDue === true) return true
    // One poll in flight is enough, unless a read without one would be older than L1 may be.
    const isAsked = now - this.#askedAt < askAgainAfter && this.mayTrustLocal
    const isBehind = this.#noticed > this.versions.applied
    return (isBehind || now - this.#checkedAt >= interval) && !isAsked
  }

  /** Polls the log from the last applied change on; that one is included, so that a reply is never empty. */
  async #check(asking: Asking): Promise<News> {
    const sentAt = this.#parts.clock.monotonic()
    const from = this.versions.applied
    const looked = this.push?.looking()
    const noticed = this.#noticed
    let ok = false
    this.#askedAt = sentAt
    try {
      const changes = parseLog(await this.#send(readLog(this.logKey, from), asking))
      const top = changes?.at(-1)?.version ?? 0
      if (changes === undefined || top < from || changes.length > logLength || top - from > logLength) {
        this.#reset(top)
        return 'again'
      }
      const news = changes.filter(({ version }) => version > from)
      // Changes that another poll has applied meanwhile still concern the reads of this one, but count as new only once.
      const { applied } = this.versions
      for (const change of news) this.#apply(change, asking, change.version > applied)
      this.versions.applied = Math.max(this.versions.applied, top)
      this.#parts.events.emit('check', { changes: news.length, reset: false })
      ok = true
      if (this.#noticed === noticed) this.#noticed = 0
      this.#checkedAt = Math.max(this.#checkedAt, sentAt)
      return 'ok'
    } finally {
      looked?.(ok)
      this.#askedAt = -Infinity
    }
  }

  /** Reads the counter and the star, and the versions of tags. */
  async #begin(asking: Asking | undefined, tags: readonly string[]): Promise<News> {
    const sentAt = this.#parts.clock.monotonic()
    const { prefix } = this.#parts
    const keys = tags.flatMap((tag) => [`${prefix}:${tag}`, `${prefix}:${softAddress(tag)}`])
    const reply = await this.#send(['MGET', this.counterKey, this.starKey, ...keys], asking)
    const [version, star = 0, ...found] = Array.isArray(reply) ? reply.map(toVersion) : []
    if (version === undefined || version < lowestSeed) {
      if (this.versions.ready) this.#reset(0)
      return 'unseeded'
    }
    this.start(version, { star, asking, sentAt })
    if (version >= this.versions.horizon)
      for (const [i, tag] of tags.entries())
        this.versions.learnTag(tag, { hard: found[2 * i] ?? 0, soft: found[2 * i + 1] ?? 0 })
    return 'ok'
  }

  /** Takes the version of the counter in a reply; `asking` identifies the reads that it came with. */
  start(
    version: number,
    { star, asking, sentAt }: { star: number; asking: Asking | undefined; sentAt: number },
  ): void {
    const { local, marks } = this.#parts
    const first = !this.versions.ready
    const counts = this.versions.begin(version)
    if (first) {
      local.dropBelow(version)
      marks.raiseAll(version, asking)
    } else if (version < this.versions.applied) marks.raiseOf(asking, this.versions.applied)
    this.versions.learnStar(star)
    if (counts && first) this.#checkedAt = Math.max(this.#checkedAt, sentAt)
  }

  /** A version was found in Redis, beside the log: if that is not applied so far, the next read polls it. */
  noticed(version: number): void {
    if (version <= Math.max(this.#noticed, this.versions.applied)) return
    this.#noticed = version
    this.#askedAt = -Infinity // a poll that is on its way may be older
  }

  /** Reads the counter and the star. */
  async refresh(): Promise<void> {
    if (this.#parts.settings !== undefined) await this.#begin(undefined, [])
  }

  /** The version of a write that does not go to Redis. */
  nextLocal(): number {
    if (this.#parts.redis === undefined) this.versions.see(this.versions.seen + 1)
    return this.versions.seen
  }

  /** Reads the unknown versions among those of these tags, together with other calls of the same tick. */
  async fetchTags(tags: readonly string[]): Promise<void> {
    const missing = tags.filter((tag) => !this.versions.knows(tag))
    if (missing.length === 0) return
    this.#fetch ??= this.#startFetch()
    for (const tag of missing) this.#fetch.tags.add(tag)
    await this.#fetch.done
  }

  #startFetch(): Fetch {
    const tags = new Set<string>()
    return { tags, done: this.#fetchSoon(tags) }
  }

  async #fetchSoon(tags: ReadonlySet<string>): Promise<void> {
    await undefined
    this.#fetch = undefined
    await Promise.all(chunksOf([...tags], tagsAtOnce).map((chunk) => this.#begin(undefined, chunk)))
  }

  /** The changes that were missed are lost: starts again. */
  #reset(top: number): void {
    this.versions.reset(top)
    this.#noticed = 0
    this.#parts.local.clear()
    this.#parts.marks.raiseAll(Math.max(top, this.versions.seen), undefined)
    this.#checkedAt = -Infinity
    this.#parts.events.emit('check', { changes: 0, reset: true })
  }

  #apply(change: Change, asking: Asking, isNew: boolean): void {
    const { kind, namespace, name, version } = change
    const { local, marks, events } = this.#parts
    this.versions.see(version)
    if (kind === 'k' || kind === 'y') {
      const localKey = localKeyOf(namespace, name)
      if (kind === 'k') local.dropOlder(localKey, version)
      else local.expireOlder(localKey, version)
      marks.raise(localKey, version, { except: asking, keepsStale: kind === 'y' })
    } else if (kind === '*') {
      if (namespace === undefined) this.versions.learnStar(version)
      else this.versions.learnTag(starAddress(namespace), { hard: version })
    } else {
      this.versions.learnTag(
        tagAddress(namespace, name),
        kind === 't' ? { hard: version } : { soft: version },
      )
    }
    if (isNew && this.push?.toldOf(change) !== true) events.emit('invalidate', { kind: kindOf(change) })
  }

  /** A key was written, removed or expired here, at `version`: anything older no longer counts. */
  wroteKey(localKey: string, version: number, { keepsStale = false }: { keepsStale?: boolean } = {}): void {
    const { local, marks } = this.#parts
    if (keepsStale) {
      this.versions.ownExpiry(localKey, version)
      local.expireOlder(localKey, version)
    } else {
      this.versions.own(localKey, version)
      local.dropOlder(localKey, version)
    }
    marks.raise(localKey, version, { keepsStale })
    this.versions.wrote(version)
  }

  #send(command: readonly [string, ...(string | number)[]], asking: Asking | undefined): Promise<Reply> {
    return (this.#parts.redis as RedisTier).ask(command, { aside: () => asking !== undefined })
  }
}

async function both(one: Promise<News>, other: Promise<News>): Promise<News> {
  const [first, second] = await Promise.all([one, other])
  return first === 'ok' ? second : first
}

/** A version in Redis, 0 for none. */
function toVersion(reply: Reply): number {
  const version = typeof reply === 'object' ? 0 : Number(reply)
  return Number.isSafeInteger(version) && version > 0 ? version : 0
}

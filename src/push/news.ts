import {
  type Change,
  kindOf,
  memberOf,
  type PushHost,
  type Pushing,
  type PushStats,
} from '../coherence/index.ts'
import { CacheError, isCacheError, networkError } from '../errors.ts'
import { starAddress, type Subscribe, tagAddress } from '../redis/index.ts'
import { localKeyOf } from '../view.ts'
import { Listener } from './listener.ts'
import { type Message, messageOf, readMessage } from './message.ts'
import { Rumours } from './rumours.ts'

/** How many changes, and messages that named none, are remembered as pushed, until the log has them too. */
const mostTold = 4096
/** A change in the log that push has not brought after so long says that the connection is dead. */
const overdueAfter = 10_000

/** Publishes this cache's writes, and receives those of others. */
export class News implements Pushing {
  readonly #host: PushHost
  readonly #channel: string
  readonly #listener: Listener | undefined
  readonly #rumours = new Rumours()
  readonly #told = new Map<string, number>()
  /** Identifies this cache's own messages. Drawn when it is first needed. */
  #sender = ''
  #messages = 0
  /** Changes above this version come by the current connection. */
  #from = Infinity
  #missed: { readonly version: number; readonly at: number } | undefined

  constructor(host: PushHost, subscribe: Subscribe | undefined) {
    this.#host = host
    this.#channel = `${host.prefix}:m:news`
    this.#listener = subscribe && this.#listenerFor(subscribe)
  }

  #listenerFor(subscribe: Subscribe): Listener {
    return new Listener({
      subscribe,
      channel: this.#channel,
      clock: this.#host.clock,
      onOpen: () => {
        this.#from = Infinity
        this.#missed = undefined
        this.#rumours.wantLook() // what was said before is missing
      },
      onMessage: (text) => this.#hear(text),
      onFailure: (error) =>
        this.#report(isCacheError(error) ? error : networkError('the connection for push could not be made')),
    })
  }

  get isDue(): boolean {
    return this.#rumours.isDue
  }

  get stats(): PushStats {
    const { connected = false, connections = 0 } = this.#listener ?? {}
    return { connected, connections, messages: this.#messages }
  }

  open(): void {
    this.#listener?.open()
  }

  close(): void {
    this.#listener?.close()
  }

  wordsFor(members: readonly string[]): readonly string[] {
    this.open()
    this.#sender ||= Math.random().toString(36).slice(2) || '0'
    return [this.#channel, messageOf(this.#sender, members)]
  }

  judge(stamp: number, tags: readonly string[]): 'ok' | 'soft' | 'dead' {
    return this.#rumours.judge(stamp, tags)
  }

  looking(): (ok: boolean) => void {
    const looked = this.#rumours.looking()
    const connection = this.#listener?.connected === true ? this.#listener.connections : undefined
    return (ok) => {
      looked(ok)
      if (!ok) return
      const { applied } = this.#host.versions
      for (const [name, version] of this.#told) if (version <= applied) this.#told.delete(name)
      if (connection === undefined || connection !== this.#listener?.connections) return
      this.#from = Math.min(this.#from, applied)
      this.#checkLife()
    }
  }

  /** No protocol tells that a connection died silently, but the log shows what did not come by it. */
  #checkLife(): void {
    if (this.#missed === undefined || this.#host.clock.monotonic() - this.#missed.at < overdueAfter) return
    this.#missed = undefined
    this.#from = Infinity
    this.#report(networkError('what others changed did not come by push: the connection is made again'))
    this.#listener?.restart()
  }

  toldOf(change: Change): boolean {
    const { version } = change
    if (this.#told.has(nameOf(change))) return true
    if (version > this.#from && !this.#told.has(unnamed(version)))
      this.#missed ??= { version, at: this.#host.clock.monotonic() }
    return false
  }

  #hear(text: string): void {
    this.#messages++
    const { redis, clock } = this.#host
    const message = readMessage(text, (redis?.clock ?? clock).now())
    if (message === undefined)
      return this.#report(new CacheError('L2_REPLY', 'a push message could not be read'))
    if (message.version >= (this.#missed?.version ?? 0)) this.#missed = undefined
    if (message.version <= this.#host.versions.applied) return // the log was faster
    if (message.changes !== undefined) for (const change of message.changes) this.#learn(change, message)
    else this.#learnOfSomething(message)
  }

  #learnOfSomething({ sender, version }: Message): void {
    this.#remember(unnamed(version), version)
    if (sender !== this.#sender) this.#suspect(starAddress(undefined), { hard: version })
  }

  #learn(change: Change, { sender }: Message): void {
    const name = nameOf(change)
    if (this.#told.has(name)) return
    this.#remember(name, change.version)
    if (sender === this.#sender) return // known by the write's own reply
    this.#spread(change)
    this.#host.events.emit('invalidate', { kind: kindOf(change) })
  }

  #remember(name: string, version: number): void {
    if (this.#told.size >= mostTold) this.#told.clear()
    this.#told.set(name, version)
  }

  /** As with changes from the log, except that no version in it counts as known. */
  #spread({ kind, namespace, name, version }: Change): void {
    const { local, marks } = this.#host
    if (kind === '*') return this.#suspect(starAddress(namespace), { hard: version })
    if (kind === 't') return this.#suspect(tagAddress(namespace, name), { hard: version })
    if (kind === 'x') return this.#suspect(tagAddress(namespace, name), { soft: version })
    const localKey = localKeyOf(namespace, name)
    if (kind === 'k') local.dropOlder(localKey, version)
    else local.expireOlder(localKey, version)
    marks.raise(localKey, version, { keepsStale: kind === 'y' })
  }

  #suspect(address: string, versions: { hard?: number; soft?: number }): void {
    this.#rumours.add(address, versions)
    this.#host.versions.epoch++
  }

  #report(error: CacheError): void {
    this.#host.events.emit('error', { operation: 'push', error })
  }
}

function nameOf({ kind, namespace, name, version }: Change): string {
  return `${version} ${memberOf(kind, namespace, name)}`
}

/** How a message that was too long to name its changes is remembered: its changes are not missing, though their names are. */
function unnamed(version: number): string {
  return `${version} ?`
}

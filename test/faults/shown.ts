import { inspect } from 'node:util'
import {
  type CacheEvents,
  type EventName,
  isCacheError,
  type Listeners,
  type Trace,
} from '../../src/index.ts'
import { canary } from '../support/canary.ts'

/** Every event that there is. */
const listened: Required<Record<EventName, true>> = {
  hit: true,
  miss: true,
  join: true,
  load: true,
  refresh: true,
  lease: true,
  stale: true,
  store: true,
  extend: true,
  remove: true,
  expire: true,
  invalidate: true,
  check: true,
  evict: true,
  discard: true,
  request: true,
  script: true,
  error: true,
  breaker: true,
}
const eventNames = Object.keys(listened) as EventName[]

/** Everything that errors, events, spans and logs show, searched for what must never show: rule R12. */
export class Shown {
  /** How much was searched. */
  pieces = 0
  readonly #secrets: readonly string[]
  readonly #seen = new Set<string>()

  /** `secrets`: what must not show beside the canaries, such as a port. */
  constructor(...secrets: readonly string[]) {
    this.#secrets = ['canary', ...Object.values(canary), ...secrets]
  }

  /** Throws where something shows. Numbers make no difference. */
  take(what: unknown): void {
    this.pieces++
    const short = what instanceof Error ? `${what.name} ${what.message}` : JSON.stringify(what)
    const form = String(short).replace(/\d+/g, '0')
    if (this.#seen.has(form)) return
    this.#seen.add(form)
    const text = everyFormOf(what)
    for (const secret of this.#secrets)
      if (text.includes(secret)) throw new Error(`R12: ${secret} shows in ${form.slice(0, 60)}`)
  }

  /** Listeners for all events. */
  listeners(onEvent: (name: EventName) => void): Listeners {
    return Object.fromEntries(
      eventNames.map((name) => [
        name,
        (event: CacheEvents[EventName]) => {
          this.#later(() => this.take({ name, ...event }))
          onEvent(name)
        },
      ]),
    )
  }

  readonly trace: Trace = (span, run) => {
    this.#later(() => this.take(span))
    return run((attributes) => this.#later(() => this.take(attributes)))
  }

  #failure: unknown

  /** A cache lets nothing through that a listener throws. */
  #later(look: () => void): void {
    try {
      look()
    } catch (error) {
      this.#failure ??= error
    }
  }

  /** Throws what was found in events and spans. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Looks at what is logged meanwhile, too. */
  async watching(work: () => Promise<void>): Promise<void> {
    const log = console
    const names = ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const
    const originals = names.map((name) => [name, log[name]] as const)
    for (const name of names) log[name] = (...words: unknown[]) => this.#later(() => this.take({ words }))
    try {
      await work()
    } finally {
      for (const [name, original] of originals) log[name] = original
    }
    this.check()
  }
}

/** Everything that a logger may make of it. */
function everyFormOf(what: unknown): string {
  const forms = [inspect(what, { depth: Infinity, showHidden: true, getters: true }), JSON.stringify(what)]
  const errors =
    what instanceof Error ? [what] : Object.values(what as object).filter((each) => each instanceof Error)
  for (const error of errors)
    forms.push(String(error), String(error.stack), String(error.cause), JSON.stringify(error), error.message)
  return forms.join('\n')
}

const codes = /^(?:L2_(?:TIMEOUT|NETWORK|AUTH|RATE_LIMITED|REPLY)|BREAKER_OPEN|SCRIPT)$/

/** Whether a call may reject like this because Redis fails. */
export function isOfRedis(error: unknown): boolean {
  return isCacheError(error) && codes.test(error.code)
}

import { assertSegment, keyAddress, type KeyKind, starAddress, tagAddress, tagIn } from './redis/index.ts'
import { ambientWaitUntil, type WaitUntil } from './runtime.ts'

/** Where the entry of one key is, in both tiers. */
export interface Place {
  /** In L1. */
  readonly localKey: string
  /** In Redis, under the prefix: what the entry says of itself. */
  readonly address: string
  /** In Redis. */
  readonly physicalKey: string
}

/** What `bind` takes: the context of a request, of which only `waitUntil` is used, called as its method. */
export interface RequestContext {
  waitUntil(work: Promise<unknown>): void
}

const noTags: readonly string[] = []

/** A lone surrogate, which no key can hold. */
const apart = '\ud800'
const loneSurrogate = /\ud800(?![\udc00-\udfff])/

/** Where L1 keeps a key: those of namespaces apart from all others. */
export function localKeyOf(namespace: string | undefined, key: string): string {
  return namespace === undefined ? key : `${namespace}${apart}${key}`
}

/** Which namespace a cache looks at, and whose request its background work belongs to. */
export class View {
  readonly #prefix: string
  readonly #namespace: string | undefined
  readonly #waitUntil: WaitUntil | undefined
  /** Whether a call with a load of its own stays until that has ended, whatever stale value is at hand. */
  readonly stays: boolean

  constructor(prefix: string, waitUntil: WaitUntil | undefined, namespace?: string, stays = false) {
    this.#prefix = prefix
    this.#waitUntil = waitUntil
    this.#namespace = namespace
    this.stays = stays
  }

  inNamespace(name: string): View {
    if (this.#namespace !== undefined)
      throw new TypeError("namespaces do not nest: use one name, such as 'a.b'")
    assertSegment(name, 'a namespace')
    return new View(this.#prefix, this.#waitUntil, name, this.stays)
  }

  boundTo(context: RequestContext): View {
    if (typeof context?.waitUntil !== 'function')
      throw new TypeError('bind takes an object with a waitUntil method')
    return new View(this.#prefix, (work) => context.waitUntil(work), this.#namespace, this.stays)
  }

  /** For factories that work for their caller only, and must not run behind it. */
  staying(): View {
    return new View(this.#prefix, this.#waitUntil, this.#namespace, true)
  }

  get namespace(): string | undefined {
    return this.#namespace
  }

  localKey(key: string): string {
    return localKeyOf(this.#namespace, key)
  }

  /** Whether a key of L1, or what begins with it, is one of this namespace, or of none where this is the root. */
  holds(localKey: string): boolean {
    return this.#namespace === undefined
      ? !loneSurrogate.test(localKey)
      : localKey.startsWith(localKeyOf(this.#namespace, ''))
  }

  /** The addresses of an entry's tags, that of its namespace's star among them. */
  tagAddresses(tags: readonly string[]): readonly string[] {
    if (this.#namespace === undefined && tags.length === 0) return noTags
    const addresses = tags.map((tag) => tagAddress(this.#namespace, tag))
    return this.#namespace === undefined ? addresses : [starAddress(this.#namespace), ...addresses]
  }

  /** The tags that have these addresses. */
  tagsAt(addresses: readonly string[]): readonly string[] {
    return addresses.flatMap((address) => tagIn(this.#namespace, address) ?? [])
  }

  place(key: string): Place {
    const address = keyAddress(this.#namespace, 'e', key)
    return { localKey: this.localKey(key), address, physicalKey: `${this.#prefix}:${address}` }
  }

  /** Where a key of any kind is in Redis. */
  physicalKey(kind: KeyKind, key: string): string {
    return `${this.#prefix}:${keyAddress(this.#namespace, kind, key)}`
  }

  /** Whether there is somebody who keeps background work alive. */
  get hasWaitUntil(): boolean {
    return (this.#waitUntil ?? ambientWaitUntil()) !== undefined
  }

  /**
   * Hands work, which must never reject, to the request that it belongs to. Where there is nobody to keep it alive, the
   * promise comes back for the caller to await.
   */
  background(work: Promise<void>): Promise<void> | undefined {
    const waitUntil = this.#waitUntil ?? ambientWaitUntil()
    if (waitUntil === undefined) return work
    try {
      waitUntil(work)
      return undefined
    } catch {
      return work // its request is over, or it was taken off its object
    }
  }
}

import { assertSegment, keyAddress, type KeyKind, starAddress, tagAddress, tagIn } from './redis/index.ts'
import { ambientWaitUntil, type WaitUntil } from './runtime.ts'

/** Where the entry of one key is, in both tiers. */
export interface Place {
  /** In L1. */
  readonly localKey: string
  /** In Redis, without the prefix: the header of the entry repeats it. */
  readonly address: string
  /** In Redis. */
  readonly physicalKey: string
}

/** What `bind` takes: the context of a request, of which only `waitUntil` is used, called as its method. */
export interface RequestContext {
  /** Keeps the request alive until `work` has ended. */
  waitUntil(work: Promise<unknown>): void
}

const noTags: readonly string[] = []

/** A lone surrogate, which no key can contain. */
const apart = '\ud800'
const loneSurrogate = /\ud800(?![\udc00-\udfff])/

/** A key as L1 has it: separate for each namespace. */
export function localKeyOf(namespace: string | undefined, key: string): string {
  return namespace === undefined ? key : `${namespace}${apart}${key}`
}

/** Which namespace a cache works in, and which request its background work belongs to. */
export class View {
  readonly #prefix: string
  readonly #namespace: string | undefined
  readonly #waitUntil: WaitUntil | undefined
  /** Whether a call that began a load stays until that has ended, even if it has a stale value. */
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

  /** For factories that work for their caller only, and must not outlive its call. */
  staying(): View {
    return new View(this.#prefix, this.#waitUntil, this.#namespace, true)
  }

  get namespace(): string | undefined {
    return this.#namespace
  }

  localKey(key: string): string {
    return localKeyOf(this.#namespace, key)
  }

  /** Whether a key of L1, or an id that begins with one, belongs to this namespace, or, at the root, to none. */
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

  /** Whether there is a `waitUntil` to keep background work alive. */
  get hasWaitUntil(): boolean {
    return (this.#waitUntil ?? ambientWaitUntil()) !== undefined
  }

  /**
   * Hands work, which must never reject, to the `waitUntil` of its request. Without one, returns the promise for the caller
   * to await.
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

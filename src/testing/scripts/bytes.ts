// How scripts read the bytes under a key: the includes of src/lua that parse an entry.

export function tombstone(stamp: number): string {
  return `h1|t|${stamp}\n`
}

/** The version of a tombstone; `undefined` for all else. */
export function fencedAt(bytes: string | null | undefined): number | undefined {
  const digits = /^h1\|t\|(\d{1,16})\n$/.exec(bytes ?? '')?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** The version that an entry is at least as new as, 0 if it has none; `undefined` for what is no entry. */
export function stampOf(bytes: string | null | undefined): number | undefined {
  const digits = /^h1\|e\|(\d{0,16})\|/.exec(bytes ?? '')?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** The holder of a lease, and the highest version that it had seen when it took it. */
export function holderOf(lease: string | null | undefined): { heldAt: number; token: string | undefined } {
  const [, stamp, token] = /^(\d{1,16})\|([^]*)$/.exec(lease ?? '') ?? []
  return { heldAt: Number(stamp ?? 0), token }
}

/** Whether the result of a load may replace `bytes`. */
export function fillable(bytes: string | null | undefined, seen: string, stamp: number): boolean {
  if (!bytes || (seen !== '' && bytes.startsWith(seen))) return true
  const fence = fencedAt(bytes)
  return fence !== undefined && fence <= stamp
}

const line =
  /^(h1\|e\|\d*\|(\d+)\|)(\d+)\|(\d*)\|(\d*)\|(\d*)\|\d*\|[\dA-Fa-f]{8}\|([^|\n]*)\|([^|\n]*)\|([\dA-Fa-f]*)\|([^|\n]*)\|[^|\n]*\|[^|\n]*\|([^|\n]*)\n/
const escapes: Readonly<Record<string, string>> = { '%': '%25', '|': '%7c', ',': '%2c', '\n': '%0a' }

/** An entry of a key that is still fresh. `before` is the text before the instant, `after` that after `end`. */
export interface FreshEntry {
  readonly created: number
  readonly before: string
  readonly freshText: string
  readonly fresh: number
  readonly stale: number
  readonly end: string
  readonly after: string
  readonly idle: string
  readonly codec: string
  readonly zip: string
  readonly digest: string
  readonly tags: string
  readonly payload: string
}

/** The entry in the bytes under a key, if it is that very key's and fresh at `now`. */
export function freshEntry(
  bytes: string | null | undefined,
  { key, prefix, now }: { key: string; prefix: string; now: number },
): FreshEntry | undefined {
  const match = line.exec(bytes ?? '')
  if (!bytes || match === null) return undefined
  const [head, before, at = '', until = '', staleUntil = '', end, idle, codec, zip, digest, tags, address] =
    match as unknown as string[]
  if (at.length > 16 || until.length > 16 || staleUntil.length > 16 || Number(until) <= now) return undefined
  if (address !== key.slice(prefix.length + 1).replace(/[%|,\n]/g, (each) => escapes[each] ?? each))
    return undefined
  const instants = `${before}${until}|${staleUntil}|${end}`
  return {
    created: Number(at),
    before: before ?? '',
    freshText: until,
    fresh: Number(until),
    stale: Number(staleUntil),
    end: end ?? '',
    after: bytes.slice(instants.length),
    idle: idle ?? '',
    codec: codec ?? '',
    zip: zip ?? '',
    digest: digest ?? '',
    tags: tags ?? '',
    payload: bytes.slice(head?.length),
  }
}

/** Whether a caller that knows `codecs`, each between commas, can decode an entry. */
export function readable(entry: FreshEntry | undefined, codecs: string): entry is FreshEntry {
  return entry !== undefined && /^[\w:.-]+$/.test(entry.codec) && codecs.includes(`,${entry.codec},`)
}

import { parse, serialize, type SuperJSONResult } from 'superjson'
import { fromBase64, toBase64 } from '../encoding.ts'
import { CacheError } from '../errors.ts'
import { isPlainJson } from './plain.ts'
import { isSame } from './same.ts'

/**
 * Your own way to turn values into text or bytes, instead of JSON and superjson.
 *
 * `decode` is given what `encode` returned, in the same form, and must not depend on the object that it came from. Both run
 * synchronously, also on an L1 hit (isolation `clone`). `name` (letters, digits, `.`, `_`, `-`) is stored with each entry:
 * an entry of another serializer is a miss, so change the name to change the format. Bytes travel as base64, a third larger.
 *
 * @example
 * ```ts
 * import { createHybridCache, type Serializer } from 'hybrid-cache'
 *
 * const lines: Serializer = {
 *   name: 'lines',
 *   encode: (value) => (value as string[]).join('\n'),
 *   decode: (data) => (data as string).split('\n'),
 * }
 * const cache = createHybridCache({ serializer: lines })
 * ```
 */
export interface Serializer {
  /** Stored with each value in Redis; a cache whose serializer has another name treats that as a miss. */
  readonly name: string
  /** Turns a value into text or bytes. What it throws becomes `SERIALIZE`. */
  encode(value: unknown): string | Uint8Array
  /** Turns that back into the value. What it throws is a miss and a `discard` event. */
  decode(data: string | Uint8Array): unknown
}

/** A value as text, and the codec that wrote it. */
export interface Encoded {
  readonly codec: string
  readonly text: string
}

/** The built-in codecs: JSON if it loses nothing, superjson for the rest. */
export const json = 'j'
const rich = 's'
const customText = 't:'
const customBytes = 'b:'

/** Turns values into text and back. */
export class Codec {
  readonly #serializer: Serializer | undefined

  constructor(serializer?: Serializer) {
    if (serializer !== undefined) assertSerializer(serializer)
    this.#serializer = serializer
  }

  /** The codecs that this can decode, as scripts expect them: each name between commas. */
  get readable(): string {
    const name = this.#serializer?.name
    const own = name === undefined ? [] : [customText + name, customBytes + name]
    return `,${[json, rich, ...own].join(',')},`
  }

  /** Throws a `CacheError` `SERIALIZE` if the value cannot be encoded without loss. */
  encode(value: unknown): Encoded {
    try {
      return this.#serializer === undefined ? encodeData(value) : encodeCustom(this.#serializer, value)
    } catch (cause) {
      if (cause instanceof CacheError) throw cause
      throw unserializable(cause instanceof RangeError ? 'it is nested too deeply' : 'the serializer threw')
    }
  }

  /** The value, a new one on every call; `undefined` if this codec cannot decode it. Never throws. */
  decode({ codec, text }: Encoded): unknown {
    try {
      if (codec === json) return JSON.parse(text)
      if (codec === rich) return parse(text)
      if (codec === customText + this.#serializer?.name) return this.#serializer?.decode(text)
      if (codec === customBytes + this.#serializer?.name) return this.#serializer?.decode(fromBase64(text))
    } catch {
      // Foreign or damaged text counts as missing.
    }
    return undefined
  }
}

function assertSerializer({ name, encode, decode }: Serializer): void {
  const isNamed = typeof name === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(name)
  if (isNamed && typeof encode === 'function' && typeof decode === 'function') return
  throw new TypeError(
    'serializer must have encode, decode and a name of 1 to 64 characters out of letters, digits and . _ -',
  )
}

function encodeData(value: unknown): Encoded {
  if (isPlainJson(value)) return { codec: json, text: JSON.stringify(value) }
  const { json: data, meta } = serialize(value)
  for (const text of [
    JSON.stringify({ json: data, meta }),
    JSON.stringify({ json: data, meta: withoutIdentity(meta) }),
  ]) {
    if (isSame(value, parse(text))) return { codec: rich, text }
  }
  throw unserializable(
    'it holds something, such as a function or a class of your own, that superjson does not carry whole',
  )
}

/** Objects that occur more than once become copies, as in JSON: superjson cannot restore them within Sets and Maps. */
function withoutIdentity(meta: SuperJSONResult['meta']): SuperJSONResult['meta'] {
  const { referentialEqualities: _, ...rest } = meta ?? {}
  return rest as SuperJSONResult['meta']
}

function encodeCustom(serializer: Serializer, value: unknown): Encoded {
  const data = serializer.encode(value)
  if (data instanceof Uint8Array) return { codec: customBytes + serializer.name, text: toBase64(data) }
  if (typeof data !== 'string')
    throw unserializable('the serializer returned neither a string nor a Uint8Array')
  if (!data.isWellFormed()) throw unserializable('the serializer returned a string with a lone surrogate')
  return { codec: customText + serializer.name, text: data }
}

function unserializable(reason: string): CacheError {
  return new CacheError('SERIALIZE', `the value cannot be serialised: ${reason}`)
}

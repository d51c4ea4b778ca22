import { sha1 } from '../encoding.ts'
import { CacheError } from '../errors.ts'
import type { DiscardReason } from '../events.ts'
import { canCompress } from '../runtime.ts'
import type { Encoded } from './codec.ts'
import { compress, decompress } from './compression.ts'
import { instantsOf, type Lifetime } from './freshness.ts'
import { formatEntry, parseEntry, type EntryHeader, type WireEntry } from './header.ts'

/** The limits of the entries of one cache. */
export interface SealSettings {
  /** The largest encoded value, in bytes of UTF-8, before compression and after decompression. */
  readonly maxValueBytes: number
  /** Values of this many characters or more are compressed; `Infinity` for none. */
  readonly compressFrom: number
}

// Room for the header: twice the longest key and the longest validators, each byte of them escaped.
const maxHeader = 16_384

/** Throws a `CacheError` `TOO_LARGE` if the value is larger than `maxValueBytes`. */
export function assertFits({ text }: Encoded, { maxValueBytes }: SealSettings): void {
  if (utf8Length(text, maxValueBytes) <= maxValueBytes) return
  throw new CacheError(
    'TOO_LARGE',
    `the encoded value is larger than ${maxValueBytes} bytes: store less, or raise maxValueBytes`,
  )
}

/** The text of a value in the form for Redis. */
export interface Packed {
  readonly zip: string
  readonly digest: string
  readonly payload: string
}

/** Compresses if that is wanted and possible. Returns a promise only then: writes of one tick keep their order. */
export function pack(text: string, { compressFrom }: SealSettings): Packed | Promise<Packed> {
  if (text.length < compressFrom || !canCompress()) return { zip: '', digest: '', payload: text }
  return gzip(text)
}

async function gzip(text: string): Promise<Packed> {
  try {
    return { zip: 'gzip', digest: await sha1(text), payload: await compress(text) }
  } catch {
    throw new CacheError('SERIALIZE', 'the value cannot be compressed: the platform failed')
  }
}

/** The origin's validators of a value; '' for none. */
export interface Validators {
  readonly etag: string
  readonly modified: string
}

/** What goes into the header of an entry. */
export interface EntryParts {
  readonly codec: string
  readonly life: Lifetime
  /** How long the factory took, in milliseconds. */
  readonly took: number
  readonly validators: Validators
  /** 0 if the script that stores the entry draws it. */
  readonly stamp: number
  readonly tags: readonly string[]
  readonly address: string
  /** By the server's clock. */
  readonly now: number
}

/** The bytes of an entry for Redis. */
export function sealEntry(
  { payload, zip, digest }: Packed,
  { codec, life, took, validators, stamp, tags, address, now }: EntryParts,
): string {
  const { created, fresh, stale, end } = instantsOf(life, now)
  const { etag, modified } = validators
  const { idle } = life
  // Each field by its name: engines take a thousand times as long to spread an object into a literal with further fields.
  const header: EntryHeader = {
    stamp,
    created,
    fresh,
    stale,
    end,
    idle,
    took,
    codec,
    zip,
    digest,
    tags: sortedTags(tags),
    etag,
    modified,
    address,
  }
  return formatEntry({ header, payload })
}

/** Each tag once, in one order: scripts compare what a header says of them as text. */
export function sortedTags(tags: readonly string[]): readonly string[] {
  return tags.length < 2 ? tags : [...new Set(tags)].toSorted()
}

/** An entry read back: its header, and the value as text. */
export interface OpenedEntry {
  readonly header: EntryHeader
  readonly encoded: Encoded
}

/** What follows the stamp of an entry, for a script that adds the stamp. */
export function behindStamp(bytes: string): string {
  return bytes.slice('h1|e|'.length)
}

const tombstone = /^h1\|t\|(\d{1,16})\n$/

/** The version of a tombstone; `undefined` if the bytes are none. */
export function tombstoneIn(bytes: string): number | undefined {
  const version = tombstone.exec(bytes)?.[1]
  return version === undefined ? undefined : Number(version)
}

/** The bytes of a tombstone. */
export function tombstoneOf(version: number): string {
  return `h1|t|${version}\n`
}

/**
 * The entry in the bytes that Redis has for `address`, or the reason why they count as missing. Never throws. Returns a promise
 * only for a compressed one: it would cost a read as much as everything else here.
 */
export function openEntry(
  bytes: string,
  address: string,
  { maxValueBytes }: SealSettings,
): OpenedEntry | DiscardReason | Promise<OpenedEntry | DiscardReason> {
  if (!bytes.startsWith('h1|e|')) return 'foreign'
  if (bytes.length > maxValueBytes * 2 + maxHeader) return 'too-large'
  const entry = parseEntry(bytes)
  if (entry === undefined) return 'corrupt'
  const { header, payload } = entry
  if (header.address !== address) return 'key'
  if (header.zip !== '') return openPacked(entry, maxValueBytes)
  if (utf8Length(payload, maxValueBytes) > maxValueBytes) return 'too-large'
  return { header, encoded: { codec: header.codec, text: payload } }
}

async function openPacked(
  { header, payload }: WireEntry,
  maxValueBytes: number,
): Promise<OpenedEntry | DiscardReason> {
  if (header.zip !== 'gzip' || !canCompress()) return 'codec'
  const opened = (await decompress(payload, maxValueBytes)) ?? 'corrupt'
  return typeof opened === 'string' ? opened : { header, encoded: { codec: header.codec, text: opened.text } }
}

/**
 * The head of bytes, which distinguishes them from others that may replace them: the header line of an entry, with its line end,
 * or up to 64 characters of anything else.
 */
export function headOf(bytes: string): string {
  const end = bytes.indexOf('\n')
  if (bytes.startsWith('h1|') && end > 0 && end < maxHeader) return bytes.slice(0, end + 1)
  // Bytes that are not text were changed on the way here, and half a character would be on the way back.
  return /^[^\ufffd]{0,64}/u.exec(bytes)?.[0] ?? ''
}

/** The bytes of `text` in UTF-8. Encodes only if the length in characters leaves it open whether `limit` is exceeded. */
function utf8Length(text: string, limit: number): number {
  if (text.length > limit || text.length * 3 <= limit) return text.length
  return new TextEncoder().encode(text).length
}

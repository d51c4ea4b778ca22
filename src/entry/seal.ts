import { sha1 } from '../encoding.ts'
import { CacheError } from '../errors.ts'
import type { DiscardReason } from '../events.ts'
import { canCompress } from '../runtime.ts'
import type { Encoded } from './codec.ts'
import { compress, decompress } from './compression.ts'
import { instantsOf, type Lifetime } from './freshness.ts'
import { formatEntry, parseEntry, type EntryHeader, type WireEntry } from './header.ts'

/** What limits and shapes the entries of one cache. */
export interface SealSettings {
  /** The largest encoded value, in bytes of UTF-8, before compression and after decompression. */
  readonly maxValueBytes: number
  /** Values of this many characters or more are compressed; `Infinity` for none. */
  readonly compressFrom: number
}

// Room for the header: the longest key and the longest validators, each byte of them escaped, and as much again.
const maxHeader = 16_384

/** Throws a `CacheError` `TOO_LARGE` where the value is above the cap. */
export function assertFits({ text }: Encoded, { maxValueBytes }: SealSettings): void {
  if (utf8Length(text, maxValueBytes) <= maxValueBytes) return
  throw new CacheError(
    'TOO_LARGE',
    `the encoded value is larger than ${maxValueBytes} bytes: store less, or raise maxValueBytes`,
  )
}

/** The text of a value as it goes to Redis. */
export interface Packed {
  readonly zip: string
  readonly digest: string
  readonly payload: string
}

/** Compresses where that is asked for and possible. A promise only then: writes of one tick keep their order. */
export function pack(text: string, { compressFrom }: SealSettings): Packed | Promise<Packed> {
  if (text.length < compressFrom || !canCompress()) return { zip: '', digest: '', payload: text }
  return gzip(text)
}

async function gzip(text: string): Promise<Packed> {
  return { zip: 'gzip', digest: await sha1(text), payload: await compress(text) }
}

/** What an origin says to tell one version of a value from another; '' where it says nothing. */
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
  /** 0 where the script that stores it draws it. */
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
  // Each field by its name: engines take a thousand times as long to spread one object into another that has more to come.
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
    tags,
    etag,
    modified,
    address,
  }
  return formatEntry({ header, payload })
}

/** An entry read back: its header, and the value as text. */
export interface OpenedEntry {
  readonly header: EntryHeader
  readonly encoded: Encoded
}

/** What follows the stamp of an entry, for a script that puts a stamp before it. */
export function behindStamp(bytes: string): string {
  return bytes.slice('h1|e|'.length)
}

const tombstone = /^h1\|t\|(\d{1,16})\n$/

/** The version of a removal, where that is what the bytes are. */
export function tombstoneIn(bytes: string): number | undefined {
  const version = tombstone.exec(bytes)?.[1]
  return version === undefined ? undefined : Number(version)
}

/** What stands in the place of an entry of that version which is gone. */
export function tombstoneOf(version: number): string {
  return `h1|t|${version}\n`
}

/**
 * The entry in the bytes that Redis gave for `address`, or the reason why they are as good as nothing. Never throws. A promise only
 * where it is compressed: each costs a read as much as all else that is done here.
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
 * How bytes begin, which tells them from others that come to stand in their place: the header line of an entry, with its
 * line end, or as much of anything else.
 */
export function headOf(bytes: string): string {
  const end = bytes.indexOf('\n')
  if (bytes.startsWith('h1|') && end > 0 && end < maxHeader) return bytes.slice(0, end + 1)
  // What is no text has been changed on the way here, and half a character would be on the way back.
  return /^[^\ufffd]{0,64}/u.exec(bytes)?.[0] ?? ''
}

/** Bytes of `text` in UTF-8. Counts only where the length in characters leaves it open whether `limit` is passed. */
function utf8Length(text: string, limit: number): number {
  if (text.length > limit || text.length * 3 <= limit) return text.length
  return new TextEncoder().encode(text).length
}

// The wire format of an entry, a Redis string:
//
//   h1|e|stamp|created|fresh|stale|end|idle|took|sum|codec|zip|digest|tags|etag|modified|address\npayload
//
// It never parses as JSON, so that a client's deserialiser leaves it alone, and a script can match it with a Lua pattern.
// `sum` covers everything after it: scripts may rewrite in place what precedes it.
import { checksum } from './checksum.ts'

/** The header of an entry. Instants are milliseconds on the server's clock; 0 and '' mean "not given". */
export interface EntryHeader {
  /** The version that the value is known to be at least as new as. */
  readonly stamp: number
  /** When it was stored. */
  readonly created: number
  /** Until when it is fresh. */
  readonly fresh: number
  /** Until when a stale copy of it may still be used. */
  readonly stale: number
  /** The absolute end of a sliding entry; for any other that was expired by its key, when it would have expired by itself. */
  readonly end: number
  /** The idle window of a sliding entry, in milliseconds. */
  readonly idle: number
  /** How long the factory took, in milliseconds. */
  readonly took: number
  /** Which codec wrote the payload. */
  readonly codec: string
  /** How the payload is compressed: '' or 'gzip'. */
  readonly zip: string
  /** SHA-1 of the text before compression; '' if it is not compressed: the payload is the text. */
  readonly digest: string
  readonly tags: readonly string[]
  readonly etag: string
  readonly modified: string
  /** The physical key without its prefix, namespace included: the proof that this is that key's entry. */
  readonly address: string
}

export interface WireEntry {
  readonly header: EntryHeader
  readonly payload: string
}

const pattern =
  /^h1\|e\|(\d{0,16})\|(\d{1,16})\|(\d{1,16})\|(\d{0,16})\|(\d{0,16})\|(\d{0,16})\|(\d{0,16})\|([0-9a-f]{8})\|([^|\n]*)\|([^|\n]*)\|([0-9a-f]*)\|([^|\n]*)\|([^|\n]*)\|([^|\n]*)\|([^|\n]*)\n/
/** The groups of the pattern: each takes part in every match. */
type Fields = readonly [
  line: string,
  stamp: string,
  created: string,
  fresh: string,
  stale: string,
  end: string,
  idle: string,
  took: string,
  sum: string,
  codec: string,
  zip: string,
  digest: string,
  tags: string,
  etag: string,
  modified: string,
  address: string,
]
// The positions of groups, and of the first field that `sum` covers among the separators.
const idleGroup = 6
const sumGroup = 8
const coveredFrom = 10
const tagsGroup = 12

export function formatEntry({ header, payload }: WireEntry): string {
  const { stamp, created, fresh, stale, end, idle, took, codec, zip, digest, tags, etag, modified, address } =
    header
  const labels = [codec, zip, digest, formatTags(tags), escape(etag), escape(modified), escape(address)]
  const covered = `${labels.join('|')}\n${payload}`
  const instants = [created, fresh, stale || '', end || '', idle || '', took || '']
  return `h1|e|${stamp || ''}|${instants.join('|')}|${checksum(covered)}|${covered}`
}

/** The entry in `text`; `undefined` if it is not one, or is damaged. Never throws. */
export function parseEntry(text: string): WireEntry | undefined {
  const match = pattern.exec(text)
  if (match === null || match[sumGroup] !== checksum(text, indexOfField(text, coveredFrom))) return undefined
  const [
    line,
    stamp,
    created,
    fresh,
    stale,
    end,
    idle,
    took,
    ,
    codec,
    zip,
    digest,
    tags,
    etag,
    modified,
    address,
  ] = match as unknown as Fields
  const header: EntryHeader = {
    stamp: Number(stamp),
    created: Number(created),
    fresh: Number(fresh),
    stale: Number(stale),
    end: Number(end),
    idle: Number(idle),
    took: Number(took),
    codec,
    zip,
    digest,
    tags: parseTags(tags),
    etag: unescape(etag),
    modified: unescape(modified),
    address: unescape(address),
  }
  return { header, payload: text.slice(line.length) }
}

/** The version and tags in a header line, and how long the entry lives in all; `undefined` if it is no header line. */
export function stampAndTags(line: string): { stamp: number; tags: string[]; life: number } | undefined {
  const match = pattern.exec(line)
  if (match === null) return undefined
  const [, stamp, created, ...ends] = match.slice(0, idleGroup)
  return {
    stamp: Number(stamp),
    tags: parseTags(match[tagsGroup] as string),
    life: Math.max(...ends.map(Number)) - Number(created),
  }
}

/** Tags as a header has them. */
export function formatTags(tags: readonly string[]): string {
  return tags.map(escape).join(',')
}

export function parseTags(field: string): string[] {
  return field === '' ? [] : field.split(',').map(unescape)
}

function indexOfField(text: string, field: number): number {
  let index = 0
  for (let i = 0; i < field; i++) index = text.indexOf('|', index) + 1
  return index
}

/** Keeps the separators out of a free-text field. */
function escape(field: string): string {
  return field.replace(/[%|,\n]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

function unescape(field: string): string {
  if (!field.includes('%')) return field // nearly always, and on every read
  return field.replace(/%([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}

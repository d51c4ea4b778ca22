import { formatEntry } from '../../src/entry/header.ts'
import type { EntryHeader } from '../../src/entry/header.ts'
import { headerOf } from '../support/entries.ts'
import type { Word } from './lua.ts'

/** An instant that no test sees. */
export const later = 9_000_000_000_000

/** The bytes of an entry of the key `p:e:k`, unless the header says otherwise. */
export function bytesOf(header: Partial<EntryHeader> = {}, payload = '1'): string {
  return formatEntry({ header: headerOf({ address: 'e:k', fresh: later, ...header }), payload })
}

/** The bytes of what a removal leaves. */
export function tombstoneOf(version: Word): string {
  return `h1|t|${version}\n`
}

/** What an entry of `p:e:k` may look like and yet is none, or none any more. */
export const NOTHING: readonly (readonly [string, string])[] = [
  ['has expired', bytesOf({ fresh: 1_700_000_000_000 })],
  ['ended in the first millisecond of 1970', bytesOf({ fresh: 1 })],
  ['is another key’s', bytesOf({ address: 'e:kk' })],
  ['is a namespace’s', bytesOf({ address: 'n:k:e:k' })],
  ['is a tombstone', 'h1|t|7\n'],
  ['is a tombstone with more in it', `h1|t|17|1700000000000|${later}||||||||||||e:k\n`],
  ['is of a later format', bytesOf().replace('h1|', 'h2|')],
  ['is text', 'hello'],
  ['is nothing but a beginning', 'h1|e|'],
  ['is empty', ''],
  ['lacks a field', bytesOf().replace('|j|', '|')],
  ['has a line too many before it', `\n${bytesOf()}`],
  ['has instants that are no digits', bytesOf().replace(`|${later}|`, '|1e15|')],
  ['has an instant beyond all measure', bytesOf().replace(`|${later}|`, `|${'9'.repeat(400)}|`)],
  [
    'is stale until an instant beyond all measure',
    bytesOf({ stale: 7 }).replace('|7|', `|${'9'.repeat(400)}|`),
  ],
  ['was made at an instant beyond all measure', bytesOf().replace('|1700000000000|', `|${'9'.repeat(400)}|`)],
  ['has no line end', bytesOf().split('\n')[0] ?? ''],
  ['is a megabyte of digits', `h1|e|${'9'.repeat(2 ** 20)}`],
  ['is a megabyte of bars', `h1|e${'|'.repeat(2 ** 20)}`],
]

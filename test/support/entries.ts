import fc from './fc.ts'
import type { EntryHeader, WireEntry } from '../../src/entry/header.ts'

/** The header of a plain entry; `given` replaces any of it. */
export function headerOf(given: Partial<EntryHeader> = {}): EntryHeader {
  return {
    stamp: 0,
    created: 1_700_000_000_000,
    fresh: 1_700_000_300_000,
    stale: 0,
    end: 0,
    idle: 0,
    took: 0,
    codec: 'j',
    zip: '',
    digest: '',
    tags: [],
    etag: '',
    modified: '',
    address: 'e:key',
    ...given,
  }
}

const separators = fc.constantFrom(
  '|',
  ',',
  '%',
  '\n',
  '%7c',
  '%0a',
  'h1|e|',
  '\r',
  '\0',
  '"',
  'ü',
  '🐎',
  '\u2028',
)
/** Any text, rich in what separates fields. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.oneof(separators, fc.string({ maxLength: 3 })), { maxLength: 6 })
    .map((parts) => parts.join('')),
)

const instant = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const optionalInstant = fc.oneof(fc.constant(0), instant)

/** Any entry that the writer may be given. */
export const anyEntry: fc.Arbitrary<WireEntry> = fc.record({
  header: fc.record({
    stamp: optionalInstant,
    created: instant,
    fresh: instant,
    stale: optionalInstant,
    end: optionalInstant,
    idle: optionalInstant,
    took: optionalInstant,
    codec: fc.constantFrom('j', 's', 't:lines', 'b:my.codec-1_x'),
    zip: fc.constantFrom('', 'gzip'),
    digest: fc.constantFrom('', 'da39a3ee5e6b4b0d3255bfef95601890afd80709'),
    tags: fc.array(
      anyText.filter((tag) => tag !== ''),
      { maxLength: 4 },
    ),
    etag: anyText,
    modified: anyText,
    address: anyText,
  }),
  payload: anyText,
})

export { Codec, json, type Encoded, type Serializer } from './codec.ts'
export {
  endsOf,
  isEarly,
  isFreshLocally,
  isOverLocally,
  isSlideDue,
  physicalTtl,
  unusedTtl,
  remaining,
  type Lifetime,
  type LocalLife,
} from './freshness.ts'
export { type EntryHeader, formatTags, parseTags, stampAndTags } from './header.ts'
export {
  assertFits,
  behindStamp,
  headOf,
  openEntry,
  pack,
  sealEntry,
  sortedTags,
  tombstoneIn,
  tombstoneOf,
  type EntryParts,
  type OpenedEntry,
  type Packed,
  type SealSettings,
  type Validators,
} from './seal.ts'

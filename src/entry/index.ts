export { fromBase64 } from './base64.ts'
export { sha1 } from './compression.ts'
export { Codec, json, type Encoded, type Serializer } from './codec.ts'
export {
  isEarly,
  isFreshLocally,
  isOverLocally,
  isSlideDue,
  physicalTtl,
  remaining,
  type Lifetime,
  type LocalLife,
} from './freshness.ts'
export type { EntryHeader } from './header.ts'
export {
  assertFits,
  headOf,
  openEntry,
  pack,
  sealEntry,
  type EntryParts,
  type OpenedEntry,
  type Packed,
  type SealSettings,
  type Validators,
} from './seal.ts'

export { fromBase64 } from './base64.ts'
export { sha1 } from './compression.ts'
export { Codec, json, type Encoded, type Serializer } from './codec.ts'
export {
  isFreshLocally,
  isSlideDue,
  physicalTtl,
  remaining,
  type Lifetime,
  type LocalLife,
} from './freshness.ts'
export type { EntryHeader } from './header.ts'
export { assertFits, openEntry, pack, sealEntry, type OpenedEntry, type SealSettings } from './seal.ts'

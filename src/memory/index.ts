export type { Held, Isolation } from './isolation.ts'
export { type CopyFacts, type LocalEntry, MemoryStore } from './store.ts'
export { type CopyLife, expire, LocalTier } from './tier.ts'

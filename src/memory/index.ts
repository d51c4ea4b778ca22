export type { Held, Isolation } from './isolation.ts'
export { type CopyFacts, type LocalEntry, MemoryStore } from './store.ts'
export { type CopyLife, LocalTier } from './tier.ts'

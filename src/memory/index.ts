export type { Isolation } from './isolation.ts'
export { type LocalEntry, MemoryStore } from './store.ts'
export { type CopyLife, LocalTier } from './tier.ts'

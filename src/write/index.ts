export { type Condition, replace } from './replace.ts'
export { drop, expireEverywhere, outdate, removeEverywhere } from './remove.ts'
export { writeMany } from './set-many.ts'
export { clearAll, invalidateTags } from './tags.ts'
export { logKeys, pushWords, seed } from './versioned.ts'
export {
  checkLifetime,
  lifetimeOf,
  seal,
  type Sealed,
  stored,
  toWrite,
  usesRedis,
  type Write,
  writeLocal,
} from './write.ts'

import { evaluate } from '../scripts/index.ts'
import type { Commands } from '../database.ts'
import { collections } from './collections.ts'
import { keys } from './keys.ts'
import { strings } from './strings.ts'

/** What the memory transport can do: what the cache uses, its scripts included, and what a test may want to look with. */
export const commands: Commands = { ...strings, ...collections, ...keys, ...evaluate }

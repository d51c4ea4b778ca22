import { evaluate } from '../scripts/index.ts'
import type { Commands } from '../database.ts'
import { collections } from './collections.ts'
import { keys } from './keys.ts'
import { strings } from './strings.ts'

/** The commands of the memory transport: those that the cache and its scripts use, and some for tests to inspect it with. */
export const commands: Commands = { ...strings, ...collections, ...keys, ...evaluate }

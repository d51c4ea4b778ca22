// What is wrong with the options of a call is said before anything is sent.
import type { Core } from '../core.ts'
import type { ReadOptions } from '../options.ts'
import { assertTags } from '../redis/index.ts'
import { assertSchema } from '../schema.ts'

/** Throws a `TypeError` for options of a read that cannot be right. */
export function checkRead(core: Core, { schema, tags }: ReadOptions): void {
  if (schema !== undefined) assertSchema(schema)
  if (tags !== undefined) checkTags(core, tags)
}

/** Throws a `TypeError` unless entries of this cache can have these tags. */
export function checkTags(core: Core, tags: readonly string[]): void {
  assertTags(tags)
  if (tags.length > 0) core.coherence.assertOn('tags')
}

// Invalid options of a call throw before anything is sent.
import type { Core } from '../core.ts'
import type { ReadOptions } from '../options.ts'
import { assertTags } from '../redis/index.ts'

/** Throws a `TypeError` for an invalid schema, and for tags that no entry of this cache can have. */
export function checkEntry(core: Core, { schema, tags }: Pick<ReadOptions, 'schema' | 'tags'>): void {
  if (schema !== undefined && typeof schema?.['~standard']?.validate !== 'function')
    throw new TypeError('schema must be a Standard Schema, such as one of Zod, Valibot or ArkType')
  if (tags === undefined) return
  assertTags(tags)
  if (tags.length > 0) core.coherence.assertOn('tags')
}

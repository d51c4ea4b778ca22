import { type RedisTier, unexpected } from './tier.ts'

/** What one step of a scan found, and the cursor to go on from: `'0'` at the end. */
export interface Page {
  readonly cursor: string
  readonly keys: readonly string[]
}

/**
 * One step of a scan: looks at about `count` keys. A key that is there all the time is found at least once, maybe more often;
 * an empty page is not the end. One command.
 */
export async function scan(
  tier: RedisTier,
  { cursor, pattern, count }: { cursor: string; pattern: string; count: number },
  signal?: AbortSignal,
): Promise<Page> {
  const reply = await tier.ask(['SCAN', cursor, 'MATCH', pattern, 'COUNT', count], { signal })
  const [next, keys] = Array.isArray(reply) ? (reply as readonly unknown[]) : []
  if (typeof next === 'object' || !/^\d+$/.test(String(next)) || !Array.isArray(keys)) throw unexpected()
  if (!keys.every((key) => typeof key === 'string')) throw unexpected()
  return { cursor: String(next), keys: keys as readonly string[] }
}

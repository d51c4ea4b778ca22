// @ts-check
import { createHybridCache } from 'hybrid-cache'
import superjson from 'superjson'
import { sample } from '../payload.js'

/** @import { Row } from '../ratio.js' */

const sizes = [1000, 3000, 30_000, 300_000]

/** With what JSON cannot carry. @param {number} bytes */
function rich(bytes) {
  const { users } = sample(bytes)
  return { users, seen: users.map(({ id }) => new Date(1.7e12 + id)) }
}

/**
 * Values to text and back, by size. A whole `set` and a whole `getLocal` in memory-only mode, isolation `clone`, are that and little
 * else.
 */
export async function codec() {
  /** @type {Row[]} */
  const rows = []
  for (const bytes of sizes) {
    const size = `${bytes / 1000} KB`
    const cache = createHybridCache({ maxValueBytes: 2 ** 21 })
    const [plain, dated] = [sample(bytes), rich(bytes)]
    const [text, datedText] = [JSON.stringify(plain), superjson.stringify(dated)]
    await cache.set('plain', plain)
    await cache.set('rich', dated)
    rows.push(
      {
        row: `encode and keep plain data, ${size}`,
        goal: 2.5,
        runners: [
          { name: 'JSON.stringify', run: () => JSON.stringify(plain) },
          { name: 'beside `JSON.stringify`', run: () => cache.set('other', plain) },
        ],
      },
      {
        row: `decode plain data, ${size}`,
        goal: 1.4,
        runners: [
          { name: 'JSON.parse', run: () => JSON.parse(text) },
          { name: 'beside `JSON.parse`', run: () => cache.getLocal('plain') },
        ],
      },
    )
    if (bytes !== 3000) continue
    rows.push(
      {
        row: `encode and keep data with Dates, ${size}`,
        runners: [
          { name: 'superjson', run: () => superjson.stringify(dated) },
          { name: 'beside superjson', run: () => cache.set('other', dated) },
        ],
      },
      {
        row: `decode data with Dates, ${size}`,
        goal: 1.4,
        runners: [
          { name: 'superjson', run: () => superjson.parse(datedText) },
          { name: 'beside superjson', run: () => cache.getLocal('rich') },
        ],
      },
    )
  }
  return { rows, close: async () => {} }
}

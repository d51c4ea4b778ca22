// @ts-check
import { inMemory } from '../contenders/index.js'
import { nowhere, valuesOf } from '../values.js'

/** @import { Isolate } from '../../../scripts/race/types.d.ts' */
/** @import { Row, Runner } from '../ratio.js' */

const keys = Array.from({ length: 500 }, (_, i) => `user:${i}`)
const valueOf = valuesOf(800)

/** What is in memory already, as a whole library gives it. */
export async function hits() {
  /** @type {Isolate[]} */
  const isolates = []
  /** @type {Runner[]} */
  const runners = []
  for (const { name, alone } of inMemory) {
    const isolate = await alone(async (key) => valueOf(key))
    for (const key of keys) await isolate.read(key, async () => valueOf(key))
    const [one, other] = [await isolate.read('user:1', nowhere), await isolate.read('user:1', nowhere)]
    let i = 0
    const run = () => isolate.read(/** @type {string} */ (keys[(i = (i + 1) % keys.length)]), nowhere)
    runners.push({ name: `${name} (${one === other ? 'shared' : 'own copy'})`, run })
    isolates.push(isolate)
  }
  /** @type {Row[]} */
  const rows = [{ row: 'L1 hit, 800 B', runners, seconds: 1.5 }]
  return {
    rows,
    async close() {
      for (const isolate of isolates) await isolate.close?.()
    },
  }
}

// @ts-check
import { overHttp, overTcp } from '../contenders/index.js'
import { openStage, plainName } from '../stage.js'
import { valuesOf } from '../values.js'

/** @import { Isolate } from '../../../scripts/race/types.d.ts' */
/** @import { Row, Runner } from '../ratio.js' */

const valueOf = valuesOf(800)
const keys = 1000
const atOnce = 8
const writes = 0.02
// One turn is long enough to have its share of everything.
const batches = 40

/** The same numbers in each run, from 0 to 1. Source: Park and Miller's minimal standard, with the multiplier 48271. @param {number} seed */
function randomFrom(seed) {
  let state = seed
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

/** One run: eight calls at once, many times, on keys of which few are asked for often; one in fifty removes. @param {Isolate} isolate @param {string} name */
function mixOf(isolate, name) {
  const random = randomFrom(42)
  const one = () => {
    const key = `${name}-${Math.floor(keys ** random())}`
    return random() < writes ? isolate.remove(key) : isolate.read(key, async () => valueOf(key))
  }
  return async () => {
    for (let i = 0; i < batches; i++) await Promise.all(Array.from({ length: atOnce }, one))
  }
}

/** Reads and removals, as they come. */
export async function mixed() {
  const { meeting, close } = await openStage()
  /** @type {Isolate[]} */
  const isolates = []
  /** @type {Row[]} */
  const rows = []
  for (const [way, contenders] of Object.entries({ HTTP: overHttp, TCP: overTcp })) {
    /** @type {Runner[]} */
    const runners = []
    for (const contender of contenders) {
      const name = plainName(`${contender.name}-mixed`)
      const isolate = await contender.shared({ ...meeting, name, source: async (key) => valueOf(key) })
      isolates.push(isolate)
      // What is asked for often has been asked for before.
      for (let i = 0; i < keys; i += 100)
        await Promise.all(
          Array.from({ length: 100 }, (_, at) => {
            const key = `${name}-${i + at}`
            return isolate.read(key, async () => valueOf(key))
          }),
        )
      runners.push({ name: contender.name, run: mixOf(isolate, name) })
    }
    rows.push({ row: `98 % reads, 2 % removals, over ${way}`, runners, seconds: 1.5 })
  }
  return {
    rows,
    async close() {
      for (const isolate of isolates) await isolate.close?.()
      await close()
    },
  }
}

// @ts-check
import { overHttp, overTcp } from '../contenders/index.js'
import { openStage } from '../stage.js'
import { Pair } from './isolates.js'

/** @import { Row, Runner } from '../ratio.js' */

/** What a row does with a pair. @type {Readonly<Record<string, (pair: Pair) => Omit<Runner, 'name'>>>} */
const kinds = {
  'L2 hit, 3 KB': (pair) => ({ ready: (loops) => pair.store(loops), run: () => pair.read() }),
  'cold load, 3 KB': (pair) => ({ run: () => pair.load() }),
  '100 keys from L2': (pair) => ({
    ready: (loops) => pair.store(100 * loops),
    run: () => pair.readMany(100),
  }),
  '64 reads in one tick': (pair) => ({
    ready: (loops) => pair.store(64 * loops),
    run: () => pair.readInOneTick(64),
  }),
}

/** What two tiers do for each other, over HTTP and over TCP. */
export async function shared() {
  const stage = await openStage()
  /** @type {Pair[]} */
  const pairs = []
  /** @type {Row[]} */
  const rows = []
  for (const [way, contenders] of Object.entries({ HTTP: overHttp, TCP: overTcp }))
    for (const [kind, runnerOf] of Object.entries(kinds)) {
      /** @type {Runner[]} */
      const runners = []
      for (const contender of contenders) {
        const pair = await Pair.of(contender, stage, kind)
        pairs.push(pair)
        runners.push({ name: contender.name, ...runnerOf(pair) })
      }
      rows.push({ row: `${kind}, over ${way}`, runners, seconds: 2, warmUp: 4, slice: 2 })
    }
  return {
    rows,
    async close() {
      for (const pair of pairs) await pair.close()
      await stage.close()
    },
  }
}

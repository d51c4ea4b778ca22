// @ts-check
// How often the factory runs when many ask for a key that is nowhere, in many isolates at once. Each isolate is a process.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { hybridCacheGlobal, overHttp, overTcp } from '../contenders/index.js'
import { openStage, plainName } from '../stage.js'

/** @import { Isolate, Meeting } from '../../../scripts/race/types.d.ts' */

/** @typedef {{ name: string, calls: number }} Stampede */

export const isolates = 8
export const callers = 8
const loadTakes = 300
const contenders = [...overHttp, hybridCacheGlobal, ...overTcp]

/** Factory calls by library, for one key that 64 callers ask for. @returns {Promise<Stampede[]>} */
export async function stampede() {
  const stage = await openStage()
  const file = fileURLToPath(import.meta.url)
  const processes = Array.from({ length: isolates }, () => fork(file, [JSON.stringify(stage.meeting)]))
  /** @param {object} message @returns {Promise<number>} */
  const toAll = async (message) => {
    const answers = await Promise.all(
      processes.map((each) => {
        each.send(message)
        return once(each, 'message')
      }),
    )
    return answers.reduce((sum, [calls]) => sum + calls, 0)
  }
  try {
    const results = []
    for (const [i, { name }] of contenders.entries()) {
      await toAll({ kind: 'open', contender: i })
      // By the clock, so that all begin at the same moment.
      results.push({ name, calls: await toAll({ kind: 'rush', at: Date.now() + 100 }) })
    }
    return results
  } finally {
    for (const each of processes) each.kill()
    await stage.close()
  }
}

/** @type {Isolate | undefined} */
let isolate
let calls = 0

async function load() {
  calls++
  await sleep(loadTakes)
  return { made: true }
}

/** @param {{ kind: 'open' | 'rush', contender: number, at: number }} message @param {Omit<Meeting, 'name'>} meeting */
async function obey({ kind, contender, at }, meeting) {
  const named = /** @type {(typeof contenders)[number]} */ (contenders[contender])
  if (kind === 'open') {
    await isolate?.close?.()
    isolate = await named.shared({ ...meeting, name: plainName(`${named.name}-rush`), source: load })
    await isolate.read('before', load)
  } else {
    await sleep(at - Date.now())
    calls = 0
    await Promise.all(Array.from({ length: callers }, () => isolate?.read('key', load)))
  }
  process.send?.(calls)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const meeting = JSON.parse(process.argv[2] ?? '')
  process.on('message', (message) => void obey(/** @type {any} */ (message), meeting))
}

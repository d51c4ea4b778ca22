// @ts-check
// What an entry takes in memory. Each library has a process of its own, in which nothing else lies about.
import { execFile } from 'node:child_process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { lru } from 'tiny-lru'
import { inMemory } from '../contenders/index.js'
import { valuesOf } from '../values.js'

/** @import { Isolate } from '../../../scripts/race/types.d.ts' */

/** `bytes`: of an entry. @typedef {{ name: string, bytes: number }} Footprint */

const file = fileURLToPath(import.meta.url)
// As many as all of them keep by default, or as they are set up.
const entries = 1000
const valueOf = valuesOf(800)
/** As an origin gives it: an object of its own all through. @param {string} key */
const freshOf = (key) => JSON.parse(JSON.stringify(valueOf(key)))

/** How long the JSON of one value is. */
export const textLength = JSON.stringify(valueOf('user:100')).length

/** What the smallest thing would be that keeps values by key: the text, in a bare LRU. */
const bare = {
  name: 'the JSON text, in tiny-lru',
  /** @returns {Isolate} */
  alone() {
    const texts = lru(entries)
    return {
      read: async (key, load) => texts.set(key, JSON.stringify(await load())),
      remove: async (key) => texts.delete(key),
    }
  },
}

const all = [bare, ...inMemory]

/** @returns {Promise<Footprint[]>} */
export async function memory() {
  const footprints = []
  for (const [i, { name }] of all.entries()) {
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', file, String(i)])
    footprints.push({ name, bytes: Number(stdout) })
  }
  return footprints
}

/** @param {(typeof all)[number]} contender */
async function bytesAnEntry({ alone }) {
  const isolate = await alone(async (key) => freshOf(key))
  const fill = async (/** @type {number} */ count, /** @type {string} */ prefix) => {
    for (let i = 0; i < count; i++) {
      const key = `${prefix}:${i}`
      await isolate.read(key, async () => freshOf(key))
    }
  }
  await fill(10, 'first')
  const before = heap()
  await fill(entries - 10, 'user')
  return (heap() - before) / (entries - 10)
}

function heap() {
  for (let i = 0; i < 4; i++) globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const contender = /** @type {(typeof all)[number]} */ (all[Number(process.argv[2])])
  console.log(Math.round(await bytesAnEntry(contender)))
  process.exit()
}

// @ts-check
// One group in a process of its own, its outcome as JSON: `node test/bench/child.js hits`.
import { counts, races } from './groups/index.js'
import { race } from './ratio.js'

const name = process.argv[2] ?? ''

/** @returns {Promise<unknown>} */
async function outcome() {
  const counted = counts[name]
  if (counted !== undefined) return counted.count()
  const group = races[name]
  if (group === undefined)
    throw new Error(`there is no ${name}: ${Object.keys({ ...races, ...counts }).join(', ')}`)
  const { rows, remark, close } = await group.open()
  const samples = []
  for (const row of rows) samples.push(...(await race(row)))
  const remarks = remark === undefined ? [] : [await remark()]
  await close()
  return { samples, remarks }
}

process.stdout.write(JSON.stringify(await outcome()))
// A library may keep a connection open that nobody can close.
process.exit()

// @ts-check
// `npm run bench`: everything, or what is named: `npm run bench -- writers`.
import { codecPairs } from './codec.js'
import { memoryPairs } from './memory.js'
import { measure, print } from './ratio.js'
import { redisPairs } from './redis.js'
import { writerPairs } from './writers.js'

const none = async () => {}

/** @type {Record<string, () => Promise<{ pairs: import('./ratio.js').Pair[], remark?: () => Promise<string>, close: () => Promise<void> }>>} */
const groups = {
  memory: async () => ({ pairs: await memoryPairs(), close: none }),
  codec: async () => ({ pairs: codecPairs(), close: none }),
  redis: redisPairs,
  writers: writerPairs,
}

const named = process.argv.slice(2)
const unknown = named.find((name) => !(name in groups))
if (unknown !== undefined) {
  console.error(`There is no ${unknown}: ${Object.keys(groups).join(', ')}`)
  process.exit(1)
}

const results = []
const remarks = []
for (const [name, group] of Object.entries(groups)) {
  if (named.length > 0 && !named.includes(name)) continue
  const { pairs, remark, close } = await group()
  for (const pair of pairs) results.push(await measure(pair))
  if (remark) remarks.push(await remark())
  await close()
}
print(results)
for (const each of remarks) console.log(each)

// @ts-check
import { codecPairs } from './codec.js'
import { memoryPairs } from './memory.js'
import { measure, print } from './ratio.js'
import { redisPairs } from './redis.js'

const results = []
for (const pair of [...(await memoryPairs()), ...codecPairs()]) results.push(await measure(pair))
const redis = await redisPairs()
for (const pair of redis.pairs) results.push(await measure(pair))
await redis.close()
print(results)

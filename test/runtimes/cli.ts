// The scenario in a process of its own: Node, Deno and Bun.
import { liftTraps } from './scenario/traps.ts'
import { Redis } from '@upstash/redis/cloudflare'
import * as api from '../../src/index.ts'
import { perIsolate } from '../../src/platform/cloudflare.ts'
import { push } from '../../src/push/index.ts'
import { runScenario } from './scenario/index.ts'
import type { ScenarioInput } from './scenario/input.ts'

const input = JSON.parse(process.env['SCENARIO'] ?? '') as ScenarioInput
const early = api.createHybridCache({
  redis: { url: input.url, token: input.token },
  l2: { timeout: '5s' }, // its first request is that of the process
})
const touched = liftTraps()

const report = await runScenario({ api, perIsolate, push, Redis, input, early, touched })
console.log(JSON.stringify(report))
// Left to itself a client may keep connections, and with them the process, open for seconds.
process.exit(0)

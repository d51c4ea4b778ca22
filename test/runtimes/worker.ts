// The scenario in a Worker. Its first request runs it all.
import { liftTraps } from './scenario/traps.ts'
import { Redis } from '@upstash/redis/cloudflare'
import * as api from '../../src/index.ts'
import { perIsolate } from '../../src/platform/cloudflare.ts'
import { push } from '../../src/push/index.ts'
import { runScenario } from './scenario/index.ts'
import type { ScenarioInput } from './scenario/input.ts'

/** Put in by the bundler: bindings only come with a request, and a cache is to be created before any. */
declare const SCENARIO: ScenarioInput

const input = SCENARIO
const early = api.createHybridCache({
  redis: { url: input.url, token: input.token },
  l2: { timeout: '5s' }, // its first request is that of the process
})
const touched = liftTraps()

interface Worker {
  fetch(request: Request): Promise<Response>
}

const worker: Worker = {
  async fetch() {
    const report = await runScenario({ api, perIsolate, push, Redis, input, early, touched })
    // What an edge runtime must not offer, or else the run proves little.
    return Response.json({
      ...report,
      globals: { process: 'process' in globalThis, Buffer: 'Buffer' in globalThis },
    })
  },
}

export default worker

// @ts-check
import { call } from '../http.js'
import { startLocal } from './local.js'
import { startRemote } from './remote.js'
import { readWorker } from './worker.js'
import { runtime, startIsolate } from './workerd.js'

/**
 * One Redis, and the example's Worker in two processes which share nothing else.
 *
 * @param {NodeJS.ProcessEnv} env
 * @param {import('../cleanup.js').Cleanup} cleanup
 * @returns {Promise<import('../types.d.ts').Stage>}
 */
export async function setStage(env, cleanup) {
  const { UPSTASH_REDIS_REST_URL: url = '', UPSTASH_REDIS_REST_TOKEN: token = '' } = env
  if ((url === '') !== (token === ''))
    throw new Error(
      'set both UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN to use a database, or neither',
    )
  const shared = url === '' ? await startLocal(cleanup) : await startRemote({ url, token }, cleanup)
  const worker = await readWorker()
  const [A, B] = await Promise.all([
    startIsolate(worker, shared.env, cleanup),
    startIsolate(worker, shared.env, cleanup),
  ])
  await Promise.all([warmUp(A), warmUp(B)])
  return { isolates: { A, B }, shared, meter: shared.meter({ A, B }), runtime }
}

/**
 * Opens the connection and makes the isolate's cache, which sends nothing, so that the first row shows what a request takes.
 *
 * @param {import('../types.d.ts').Isolate} isolate
 */
async function warmUp({ url }) {
  const { status, body } = await call('GET', `${url}/stats`)
  if (status !== 200) throw new Error(`the Worker does not work: ${body}`)
}

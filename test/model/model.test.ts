import { createHash } from 'node:crypto'
import fc from '../support/fc.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { randomFrom } from '../../src/testing/random.ts'
import { redisServerBin } from '../support/redis-server.ts'
import { seedFrom } from '../support/seed.ts'
import { Model } from './model.ts'
import { Server } from './server.ts'
import { histories, type Step } from './steps.ts'

// Isolates, a database and a network that does what networks do: whatever happens, and in whichever order, nobody is given
// what was taken away. `MODEL_RUNS` says how many histories; they are the same each time, unless `MODEL_SEED` says which ones, or
// `random`.
const runs = Number(process.env['MODEL_RUNS'] ?? (process.env['CI'] ? 1000 : 200))
const seed = seedFrom('MODEL_SEED')

let server: Server
beforeAll(async () => {
  server = new Server(redisServerBin() === undefined ? 'embedded' : 'redis-server')
  await server.start()
})
afterAll(() => server[Symbol.asyncDispose]())

async function play({
  steps,
  seed: chance,
  seeded,
}: {
  steps: readonly Step[]
  seed: number
  seeded: boolean
}): Promise<void> {
  await server.reset()
  // A digest is made elsewhere, and comes when it comes: a history could not be told twice.
  const digest = vi.spyOn(crypto.subtle, 'digest').mockImplementation(digestAtOnce)
  const random = vi.spyOn(Math, 'random').mockImplementation(randomFrom(chance))
  const model = new Model(server)
  try {
    if (seeded) await model.begin()
    for (const step of steps) await model.step(step)
    await model.end()
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${model.history.join('\n')}\n`, { cause: error })
  } finally {
    random.mockRestore()
    digest.mockRestore()
  }
}

async function digestAtOnce(_: AlgorithmIdentifier, data: BufferSource): Promise<ArrayBuffer> {
  const bytes = createHash('sha1')
    .update(data as Uint8Array)
    .digest()
  return new Uint8Array(bytes).buffer
}

test(`nobody is given what was taken away, in ${runs} histories`, { timeout: runs * 2000 }, async () => {
  const checked = await fc.check(fc.asyncProperty(histories, play), {
    numRuns: runs,
    seed,
    interruptAfterTimeLimit: runs * 1500,
  })
  if (checked.failed) {
    const { message } = checked.errorInstance as Error
    throw new Error(
      `MODEL_SEED=${checked.seed}, after ${checked.numRuns} runs and ${checked.numShrinks} shrinks:\n${message}`,
    )
  }
  expect(checked.numRuns).toBe(runs)
})

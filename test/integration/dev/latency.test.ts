import { expect, test } from 'vitest'
import { describeOnEngines } from './engines.ts'
import { post } from './rest.ts'

/** What a delayed acknowledgement costs at least. */
const DELAYED_ACK_MS = 40

describeOnEngines('a pipeline', (server) => {
  test.each([2, 10, 100])('of %i commands waits for no acknowledgement', async (count) => {
    const commands = Array.from({ length: count }, (_, at) => ['SET', `k${at}`, 'v'])
    let fastest = Infinity
    for (let attempt = 0; attempt < 200 && fastest >= DELAYED_ACK_MS; attempt++) {
      const start = performance.now()
      expect((await post(server(), '/pipeline', commands)).status).toBe(200)
      fastest = Math.min(fastest, performance.now() - start)
    }
    expect(fastest).toBeLessThan(DELAYED_ACK_MS)
  })

  test('is as fast after an outage', async () => {
    await server().stopRedis()
    await server().startRedis()
    let fastest = Infinity
    for (let attempt = 0; attempt < 200 && fastest >= DELAYED_ACK_MS; attempt++) {
      const start = performance.now()
      await post(server(), '/pipeline', [['PING'], ['PING']])
      fastest = Math.min(fastest, performance.now() - start)
    }
    expect(fastest).toBeLessThan(DELAYED_ACK_MS)
  })
})

import { setMaxListeners } from 'node:events'
import { afterAll, beforeAll, describe } from 'vitest'
import { testTransport } from '../../support/transport-conformance.ts'
import { type Connected, kinds } from './clients.ts'
import { onEveryServer, type Proxy, startProxy } from './servers.ts'

// The suite gives one signal to all its requests; the cache gives each its own.
setMaxListeners(50)

onEveryServer((port) => {
  describe.each(kinds)('$name', (kind) => {
    let client: Connected
    let stalled: Connected
    let silent: Proxy
    beforeAll(async () => {
      client = await kind.connect(port())
      silent = await startProxy(port())
      stalled = await kind.connect(silent.port)
      silent.onData = () => 'swallow'
    })
    afterAll(async () => {
      client?.close()
      stalled?.close()
      await silent?.[Symbol.asyncDispose]()
    })
    testTransport(kind.name, {
      connect: () => client.transport,
      // It has connected, and then hears nothing any more: the harder case, as commands are in flight.
      stalled: () => stalled.transport,
    })
  })
})

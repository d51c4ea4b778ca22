#!/usr/bin/env node
import { HELP, readCommandLine } from './cli-options.ts'
import { printStart, printSummary, startLiveOutput } from './cli-output.ts'
import type { DevServerOptions } from './options.ts'
import { startDevServer } from './server.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

// The reader of the output may have gone, as `head` does; the server must still shut down properly.
process.stdout.on('error', () => undefined)

try {
  const request = readCommandLine(process.argv.slice(2))
  if (request.help) process.stdout.write(HELP)
  else await runServer(request.options)
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`)
  process.exitCode = 1
}

async function runServer(options: DevServerOptions): Promise<void> {
  // Asked for before the start: a signal that comes while Redis starts must not leave it behind.
  const ended = firstSignal()
  const server = await startDevServer(options)
  printStart(process.stdout, server)
  const stopLiveOutput = startLiveOutput(process.stdout, () => server.stats())
  await ended
  stopLiveOutput()
  await server.close()
  printSummary(process.stdout, server.stats())
}

/** A second signal then has its usual effect and ends the process at once. */
function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      for (const signal of SIGNALS) process.off(signal, stop)
      resolve()
    }
    for (const signal of SIGNALS) process.on(signal, stop)
  })
}

import { fileURLToPath } from 'node:url'
import type { Isolate } from '../../scripts/demo/types.d.ts'

interface Cleanup {
  run(): Promise<void>
}

interface Modules {
  'cleanup.js': { Cleanup: new () => Cleanup }
  'stage/worker.js': { readWorker(options: { alias: Record<string, string> }): Promise<object> }
  'stage/workerd.js': {
    startIsolate(worker: object, env: Readonly<Record<string, string>>, cleanup: Cleanup): Promise<Isolate>
  }
}

/** The demo is plain JavaScript, which the compiler does not look at here. */
async function demo<Name extends keyof Modules>(name: Name): Promise<Modules[Name]> {
  return (await import(/* @vite-ignore */ `../../scripts/demo/${name}`)) as Modules[Name]
}

// Tests run on the source as it is, not on a build that may be older, or be replaced while they run.
const alias = {
  'hybrid-cache': file('./patient-cache.ts'),
  'hybrid-cache/cloudflare': file('../../src/platform/cloudflare.ts'),
}

function file(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}

let worker: Promise<object> | undefined

/** The Worker of wrangler.toml in a workerd process of its own, as the demo starts it. */
export async function startExample(
  env: Readonly<Record<string, string>>,
): Promise<Isolate & AsyncDisposable> {
  const { Cleanup } = await demo('cleanup.js')
  const { startIsolate } = await demo('stage/workerd.js')
  worker ??= demo('stage/worker.js').then(({ readWorker }) => readWorker({ alias }))
  const cleanup = new Cleanup()
  try {
    const isolate = await startIsolate(await worker, env, cleanup)
    return { ...isolate, [Symbol.asyncDispose]: () => cleanup.run() }
  } catch (error) {
    await cleanup.run()
    throw error
  }
}

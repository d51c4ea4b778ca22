import { availableParallelism } from 'node:os'
import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { LongestFirst } from './test/support/longest-first.ts'

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build.ts'],
    setupFiles: ['no-unhandled-rejections', 'replay', 'put-back'].map((name) => `test/support/${name}.ts`),
    isolate: false, // modules are read once per worker, not once per file, which is a quarter of the time; see put-back.ts
    typecheck: { enabled: true, include: ['test/types/**/*.test-d.ts'], tsconfig: 'tsconfig.json' },
    hookTimeout: 60_000,
    testTimeout: 60_000, // ends what hangs; nothing is measured by it, for a busy machine may be ten times slower
    expect: { poll: { timeout: 5000 } }, // what is waited for may take a busy machine longer than a second
    maxWorkers: availableParallelism() + 1, // many tests wait for a server; the main process has nothing to do
    sequence: { sequencer: LongestFirst },
  },
})

export default config

import { defineConfig, type ViteUserConfig } from 'vitest/config'

// `npm run coverage`. Counted is the core: what `hybrid-cache` and its small doors consist of. Not counted: src/dev, a server for
// tests which the package's own tests prove wherever they use it; src/testing, which is held against real servers command by command; src/platform, the doors to others' frameworks, and src/http, which
// but for its headers only one of those uses: what they do shows on the platforms themselves, in test/runtimes, where nothing counts lines; and generated
// texts. What runs are the tests that drive the core, without the long ones that only repeat what is counted already.
const config: ViteUserConfig = defineConfig({
  test: {
    include: [
      'test/unit/**/*.test.ts',
      'test/integration/{cache,coherence,load,scripts,transport}/**/*.test.ts',
      'test/integration/atomic/{conditional,get-and-extend,list}.test.ts',
      'test/integration/rate-limit/{cost,limiter,outage}.test.ts',
    ],
    exclude: ['test/unit/{hono,platform}/**', 'test/integration/coherence/{flood,in-flight}.test.ts'],
    setupFiles: ['test/support/no-unhandled-rejections.ts', 'test/support/replay.ts'],
    testTimeout: 60_000, // counting takes time
    coverage: {
      enabled: true,
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/{dev,http,platform,testing}/**', 'src/lua/scripts.ts'],
      reporter: [['text', { skipFull: true }], 'html', 'json'],
      reportsDirectory: 'coverage',
      reportOnFailure: true,
      clean: false, // what `npm run mutation` found stays beside it
      thresholds: { lines: 98, branches: 98 },
    },
  },
})

export default config

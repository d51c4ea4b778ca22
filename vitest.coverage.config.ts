import { defineConfig, type ViteUserConfig } from 'vitest/config'

// `npm run coverage`. What is counted is the core: `hybrid-cache` and its subpaths. Not counted are: src/dev, a server for tests which the
// package's own tests prove wherever they use it; src/testing, which is compared with real servers command by command; src/platform, the
// adapters for frameworks, and src/http, which apart from `withHeaders` only one of those uses: what they do shows on the platforms, in
// test/runtimes, where no lines are counted; and generated texts. The tests that run are those of the core, without the long ones that
// repeat what is counted already.
const config: ViteUserConfig = defineConfig({
  test: {
    include: [
      'test/unit/**/*.test.ts',
      'test/integration/{cache,coherence,load,scripts,transport}/**/*.test.ts',
      'test/integration/atomic/{conditional,get-and-extend,list}.test.ts',
      'test/integration/rate-limit/{cost,limiter,outage}.test.ts',
    ],
    exclude: ['test/unit/{hono,platform}/**', 'test/integration/coherence/{flood,in-flight}.test.ts'],
    setupFiles: ['no-unhandled-rejections', 'replay', 'put-back'].map((name) => `test/support/${name}.ts`),
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

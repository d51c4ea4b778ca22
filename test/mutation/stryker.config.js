// @ts-check
import { fileURLToPath } from 'node:url'

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  mutate: ['src/{entry,memory,read,write,load,coherence}/**/*.ts'],
  plugins: ['@stryker-mutator/vitest-runner', fileURLToPath(new URL('messages.js', import.meta.url))],
  ignorers: ['messages'],
  testRunner: 'vitest',
  vitest: { configFile: 'test/mutation/vitest.config.js', related: false },
  buildCommand: 'node test/mutation/bundle.js',
  coverageAnalysis: 'perTest',
  concurrency: Number(process.env.MUTATION_CONCURRENCY ?? 1),
  timeoutMS: 10_000,
  reporters: ['json', 'html', 'progress-append-only'],
  jsonReporter: { fileName: 'coverage/mutation/report.json' },
  htmlReporter: { fileName: 'coverage/mutation/report.html' },
  tempDirName: 'coverage/sandbox',
  // Nothing else is copied: tests that judge are in memory.
  ignorePatterns: [
    '*',
    '!package.json',
    '!src/**',
    '!test',
    '!test/{mutation,snapshots,support,unit}',
    '!test/{mutation,snapshots,support,unit}/**',
    'test/mutation/node_modules',
  ],
  // Rewriting it takes the compiler's old API, which TypeScript 7 no longer has, and nothing here needs that.
  tsconfigFile: 'none',
  allowConsoleColors: false,
}

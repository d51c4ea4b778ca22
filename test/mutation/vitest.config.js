// @ts-check
/** @type {import('vitest/config').ViteUserConfig} */
export default {
  test: {
    include: ['test/mutation/bundle/*.test.js'],
    setupFiles: [
      'test/support/no-unhandled-rejections.ts',
      'test/support/put-back.ts',
      'test/mutation/setup.js',
    ],
    testTimeout: 5000,
  },
}

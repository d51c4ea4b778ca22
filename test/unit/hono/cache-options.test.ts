import { expect, test } from 'vitest'
import { cache as cacheMiddleware } from '../../../src/platform/hono/index.ts'
import { World } from '../../support/world.ts'

test.each<[string, object]>([
  ['no cache', { cache: {} }],
  ['vary', { vary: 'cookie' }],
  ['vary on everything', { vary: ['*'] }],
  ['vary on what is no header', { vary: ['accept language'] }],
  ['vary on nothing', { vary: [''] }],
  ['maxBytes', { maxBytes: 0 }],
  ['maxWait', { maxWait: 'soon' }],
])('bad options are a TypeError: %s', (_, options) => {
  expect(() => cacheMiddleware({ cache: new World().memoryOnly(), ...options } as never)).toThrow(TypeError)
})

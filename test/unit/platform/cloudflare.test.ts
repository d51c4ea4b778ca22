import { expect, test } from 'vitest'
import { perIsolate } from '../../../src/platform/cloudflare.ts'
import { World } from '../../support/world.ts'

const ctx = { waitUntil: () => undefined }

test('a cache is created with the env of the first request, and kept', () => {
  const world = new World()
  const seen: string[] = []
  const cacheOf = perIsolate((env: string) => {
    seen.push(env)
    return world.isolate()
  })
  expect(seen).toEqual([])
  cacheOf('first', ctx).getLocal('k')
  cacheOf('second', ctx).getLocal('k')
  expect(seen).toEqual(['first'])
})

test('where that fails, the next request tries again', () => {
  const world = new World()
  const cacheOf = perIsolate((env: string) => {
    if (env === '') throw new TypeError('no url')
    return world.isolate()
  })
  expect(() => cacheOf('', ctx)).toThrow('no url')
  expect(cacheOf('there', ctx).getLocal('k')).toBeUndefined()
})

test('perIsolate takes a function', () => {
  for (const wrong of [undefined, null, {}, new World().isolate()])
    expect(() => perIsolate(wrong as never)).toThrow('perIsolate takes a function')
})

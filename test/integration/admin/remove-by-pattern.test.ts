import { describe, expect, test } from 'vitest'
import { removeByPattern, type RemoveProgress } from '../../../src/admin/index.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { record } from '../../support/world.ts'
import { HOSTILE } from '../../lua/lua.ts'
import { Isolates } from '../atomic/support.ts'
import { fill, remaining, removeAll } from './support.ts'

onEveryEngine('removeByPattern', (server) => {
  const world = new Isolates(server)

  test('removes what matches, and nothing else, from both tiers', async () => {
    const cache = world.isolate()
    const keys = ['user:1', 'user:2', 'user:', 'users', 'user', 'a user:1', 'User:1']
    await fill(cache, keys)
    await cache.getMany(['user:1', 'users'])
    expect(await removeByPattern(cache, 'user:*')).toBe(3)
    expect(await remaining(cache, keys)).toEqual(['users', 'user', 'a user:1', 'User:1'])
    expect([cache.getLocal('user:1'), cache.getLocal('users')]).toEqual([undefined, 'users'])
    expect(await removeByPattern(cache, 'user:*')).toBe(0)
  })

  test.each<[string, string[]]>([
    ['a?c', ['abc', 'a*c', 'a?c', 'aüc', 'a🐎c', 'a\nc', 'a\\c', 'a-c']],
    ['a??c', ['abbc', 'aüüc', 'a🐎bc']],
    ['a\\*c', ['a*c']],
    ['a\\?c', ['a?c']],
    ['a\\\\c', ['a\\c']],
    ['a\\bc', ['abc']],
    ['[ab]c', ['[ab]c']],
    ['[^a]c', ['[^a]c']],
    ['a-c', ['a-c']],
    ['^*', ['^x']],
    [
      '*c',
      [
        'abc',
        'a*c',
        'a?c',
        'aüc',
        'a🐎c',
        'a\nc',
        'abbc',
        'aüüc',
        'a🐎bc',
        'a\\c',
        '[ab]c',
        '[^a]c',
        'a-c',
        'ac',
        'bc',
      ],
    ],
    ['a***c', ['abc', 'a*c', 'a?c', 'aüc', 'a🐎c', 'a\nc', 'abbc', 'aüüc', 'a🐎bc', 'a\\c', 'a-c', 'ac']],
    ['*?*?*?*?*?*?*?*?*?*?*x', ['1234567890x']],
  ])('the pattern %s', async (pattern, expected) => {
    const cache = world.isolate()
    const keys = [
      'abc',
      'a*c',
      'a?c',
      'aüc',
      'a🐎c',
      'a\nc',
      'abbc',
      'aüüc',
      'a🐎bc',
      'a\\c',
      '[ab]c',
      '[^a]c',
      'a-c',
      'ac',
      'bc',
      '^x',
      '1234567890x',
      '123456789x',
      'a\\*d',
      'a\\\\d',
    ]
    await fill(cache, keys)
    const count = await removeAll(cache, pattern)
    expect(await remaining(cache, keys)).toEqual(keys.filter((key) => !expected.includes(key)))
    expect(count).toBe(expected.length)
  })

  test('hostile keys go as any other', async () => {
    const cache = world.isolate()
    const keys = HOSTILE.filter((text) => text !== '').map((text) => `x${text.slice(0, 300)}`)
    await fill(cache, [...keys, 'y'])
    expect(await removeAll(cache, 'x*')).toBe(keys.length)
    expect(await remaining(cache, [...keys, 'y'])).toEqual(['y'])
  })

  test('many keys go in steps, each counted once, and progress tells', async () => {
    const cache = world.isolate({ l2: { timeout: '50s' } })
    const keys = Array.from({ length: 300 }, (_, i) => `k${i}`)
    await fill(cache, [...keys, 'other'])
    const progress: RemoveProgress[] = []
    const options = { batchSize: 10, onProgress: (each: RemoveProgress) => void progress.push(each) }
    expect(await removeByPattern(cache, 'k*', { ...options, dryRun: true })).toBe(300)
    expect(progress.length).toBeGreaterThanOrEqual(30)
    expect(progress.map(({ pages }) => pages)).toEqual(progress.map((_, i) => i + 1))
    expect(progress.at(-1)).toMatchObject({ matched: 300, removed: 0 })
    expect(await remaining(cache, keys)).toHaveLength(300)
    progress.length = 0
    const first = await removeByPattern(cache, 'k*', options)
    expect(progress.at(-1)).toMatchObject({ matched: first, removed: first })
    expect(first + (await removeAll(cache, 'k*', { batchSize: 10 }))).toBe(300)
    expect(await remaining(cache, [...keys, 'other'])).toEqual(['other'])
  })

  test('maxKeys removes no more, and the next call goes on', async () => {
    const cache = world.isolate()
    const keys = Array.from({ length: 50 }, (_, i) => `k${i}`)
    await fill(cache, keys)
    expect(await removeByPattern(cache, 'k*', { maxKeys: 20, batchSize: 7 })).toBe(20)
    expect(await remaining(cache, keys)).toHaveLength(30)
    expect(await removeByPattern(cache, 'k*', { maxKeys: 30 })).toBe(30)
    expect(await removeByPattern(cache, 'k*', { maxKeys: 30 })).toBe(0)
  })

  test('a signal ends it between steps; what is removed stays so', async () => {
    const cache = world.isolate({ memory: { maxEntries: 1 } })
    await fill(
      cache,
      Array.from({ length: 500 }, (_, i) => `k${i}`),
    )
    const controller = new AbortController()
    let last: RemoveProgress | undefined
    const onProgress = (progress: RemoveProgress): void => {
      last = progress
      if (progress.pages === 3) controller.abort(new Error('enough'))
    }
    const call = removeByPattern(cache, 'k*', { batchSize: 10, signal: controller.signal, onProgress })
    await expect(call).rejects.toThrow('enough')
    expect(last?.pages).toBe(3)
    expect(await removeByPattern(cache, 'k*', { dryRun: true })).toBe(500 - (last?.removed ?? 0))
    const aborted = AbortSignal.abort(new Error('before'))
    expect(
      await world.cost(() =>
        expect(removeByPattern(cache, '*', { signal: aborted })).rejects.toThrow('before'),
      ),
    ).toBe('0/0')
  })

  test('keys that only L1 holds go too, of this namespace only', async () => {
    const cache = await world.warm()
    await cache.set('local:1', 1, { l2: false })
    await cache.set('local:2', 1, { l2: false })
    await cache.namespace('a').set('local:1', 1, { l2: false })
    await cache.set('other', 1, { l2: false })
    expect(await removeByPattern(cache, 'local:*', { dryRun: true })).toBe(2)
    expect(cache.getLocal('local:1')).toBe(1)
    expect(await removeByPattern(cache, 'local:*')).toBe(2)
    expect([cache.getLocal('local:1'), cache.getLocal('other')]).toEqual([undefined, 1])
    expect(cache.namespace('a').getLocal('local:1')).toBe(1)
    expect(await removeByPattern(cache.namespace('a'), '*')).toBe(1)
  })

  test('it removes as remove does: the same commands and events, and never an empty one', async () => {
    const cache = await world.warm()
    await cache.set('k', 1)
    cache.removeLocal('k')
    const events = record(cache, 'remove')
    server().resetStats()
    expect(await removeByPattern(cache, 'k')).toBe(1)
    expect(await removeByPattern(cache, 'k')).toBe(0)
    const { byCommand } = server().stats()
    expect(byCommand).toMatchObject({ INCR: 1, ZADD: 1, SET: 1 })
    for (const name of ['DEL', 'UNLINK']) expect(byCommand).not.toHaveProperty(name)
    expect(await world.redis('GET', 'e:k')).toMatch(/^h1\|t\|/)
    expect(events).toEqual([
      { tier: 'l1', kind: 'key', count: 0 },
      { tier: 'l2', kind: 'key', count: 1 },
    ])
  })

  describe('refuses', () => {
    test.each<[string, unknown]>([
      ['nothing', ''],
      ['no string', 5],
      ['a lone surrogate', '\ud800'],
      ['a single backslash at the end', 'a\\'],
      ['1,089 bytes', 'ü'.repeat(544) + 'x'],
    ])('a pattern of %s', async (_, pattern) => {
      await expect(removeByPattern(world.isolate(), pattern as string)).rejects.toThrow(TypeError)
    })

    test.each([
      { batchSize: 0 },
      { batchSize: 10_001 },
      { batchSize: 1.5 },
      { maxKeys: 0 },
      { maxKeys: Number.NaN },
    ])('%j', async (options) => {
      await expect(removeByPattern(world.isolate(), '*', options)).rejects.toThrow(TypeError)
    })

    test('nothing of 1,088 bytes', async () => {
      expect(await removeByPattern(world.isolate(), '*'.repeat(1_088), { dryRun: true })).toBe(0)
      expect(await removeByPattern(world.isolate(), 'a?'.repeat(544), { dryRun: true })).toBe(0)
    })
  })
})

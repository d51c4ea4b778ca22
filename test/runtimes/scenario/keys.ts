import { equal, refused } from './assert.ts'
import type { Checks } from './toolbox.ts'

const bad: Readonly<Record<string, unknown>> = {
  'an empty key': '',
  'a lone high surrogate': 'a\ud800b',
  'a lone low surrogate': '\udc00',
  'more than 1024 bytes': 'é'.repeat(513),
  'a number': 7,
}

export const keys: Checks = {
  'any well-formed key works': async (t) => {
    const good = [
      'a b',
      'ключ',
      '👩‍👩‍👧‍👦',
      'x'.repeat(1024),
      'a:b:c/d?e=f&g#h%20',
      'line\nbreak|"\\',
      '__proto__',
      'é'.repeat(512),
    ]
    await t.isolate().setMany(good.map((key, i) => [key, i]))
    equal(await t.isolate().getMany(good), new Map(good.map((key, i) => [key, i])))
  },

  'a bad key is a TypeError in every method, before anything is sent': async (t) => {
    const cache = t.isolate()
    const cost = await t.costOf(async () => {
      for (const [what, value] of Object.entries(bad)) {
        const key = value as string
        await refused(() => cache.get(key), `get, ${what}`)
        await refused(() => cache.getOrCreate(key, () => 1), `getOrCreate, ${what}`)
        await refused(() => cache.set(key, 1), `set, ${what}`)
        await refused(() => cache.getMany(['fine', key]), `getMany, ${what}`)
        await refused(
          () =>
            cache.setMany([
              ['fine', 1],
              [key, 1],
            ]),
          `setMany, ${what}`,
        )
        await refused(() => cache.remove(['fine', key]), `remove, ${what}`)
        await refused(() => cache.removeLocal([key]), `removeLocal, ${what}`)
        await refused(() => cache.getLocal(key), `getLocal, ${what}`)
      }
    })
    equal(cost, { requests: 0, commands: 0 })
  },
}

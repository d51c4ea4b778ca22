import { expect, test } from 'vitest'
import { getAndExtend } from '../../../src/atomic/index.ts'
import type { HybridCache } from '../../../src/index.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { soon } from '../../support/soon.ts'
import { Fleet } from './support.ts'

// What keeps an entry alive must not keep one alive that a tag has ended: it would outlive what is known of the tag (V21).
onEveryEngine('getAndExtend of what was removed by its tag', (server) => {
  const fleet = new Fleet(server)

  test('is a miss, and the entry does not stay for longer than maxTtl', async () => {
    const lives = { maxTtl: '20d' } as const
    const one = (await fleet.warm(lives)) as HybridCache<true>
    await one.set('k', 'old', { tags: ['t'], ttl: '1h' })
    await one.removeByTag('t')
    for (const cache of [one, await fleet.warm(lives)]) {
      expect(await getAndExtend(cache as HybridCache<true>, 'k', '1h')).toBeUndefined()
      expect(await one.get('k', { l1: false })).toBeUndefined()
    }
    expect(await fleet.redis('GETRANGE', `${fleet.prefix}:e:k`, 0, 4)).toBe('h1|e|')
    // Beyond maxTtl it is as soon as the clock goes on.
    await soon(async () => {
      expect(await getAndExtend(one, 'k', '20d')).toBeUndefined()
      expect(await fleet.redis('GETRANGE', `${fleet.prefix}:e:k`, 0, 4)).toBe('h1|t|')
    })
    const left = Number(await fleet.redis('PTTL', `${fleet.prefix}:e:k`))
    expect(left).toBeLessThanOrEqual(60_000)
  })

  test('what a later set has stored is extended', async () => {
    const one = (await fleet.warm()) as HybridCache<true>
    await one.set('k', 'old', { tags: ['t'] })
    await one.removeByTag('t')
    await one.set('k', 'new', { tags: ['t'] })
    expect(await getAndExtend(one, 'k', '1h')).toBe('new')
    expect(await one.get('k', { l1: false })).toBe('new')
  })
})

import { describe, expect, test } from 'vitest'
import { App } from './cached-app.ts'

describe('how long it lives', () => {
  const lives = async (headers: Record<string, string>, options = {}): Promise<string[]> => {
    const app = new App(
      () => (app.runs === 1 ? new Response('', { headers }) : new Response('', { status: 500 })),
      {
        ttl: '10s',
        ...options,
      },
    )
    const ages: string[] = []
    await app.ask()
    for (let i = 0; i < 12; i++) {
      const response = await app.ask()
      if (response.status === 200) ages.push(response.headers.get('age') ?? '')
      await app.world.clock.advance(1000)
    }
    return ages
  }

  test('is not longer than a shared cache may keep it, its time in others included', async () => {
    expect(await lives({ 'cache-control': 'max-age=100, s-maxage=3' })).toEqual(['0', '1', '2'])
    expect(await lives({ 'cache-control': 's-maxage=100, max-age=0', age: '98' })).toEqual(['98', '99'])
    for (const field of ['max-age=3', 's-maxage=100', 'public'])
      expect(await lives({ 'cache-control': field })).toHaveLength(10)
    expect(await lives({ expires: new Date(Date.now() + 1e9).toUTCString() })).toHaveLength(10)
    expect((await lives({ age: '7' }))[1]).toBe('8')
  })

  test('is not longer than it may be stale', async () => {
    const options = { staleIfError: '1h' }
    expect(await lives({}, options)).toHaveLength(12)
    for (const field of ['must-revalidate', 'max-age=5, proxy-revalidate', 's-maxage=100'])
      expect(await lives({ 'cache-control': field }, options)).toHaveLength(10)
    for (const field of ['stale-if-error=60', 'stale-while-revalidate=60'])
      expect(await lives({ 'cache-control': `s-maxage=100, ${field}` }, options)).toHaveLength(12)
  })
})

import { describe, expect, test } from 'vitest'
import { settle } from '../../support/manual-clock.ts'
import { App, text } from './cached-app.ts'

describe('when the origin fails', () => {
  test('a stale response takes its place, and its headers are not mixed in', async () => {
    let fails = false
    const app = new App(
      () =>
        fails ? new Response('down', { status: 503, headers: { 'x-down': '1' } }) : new Response('hello'),
      { staleIfError: '1h' },
    )
    await app.ask()
    fails = true
    await app.world.clock.advance(11_000)
    const stale = await app.ask()
    expect([stale.status, await stale.text(), stale.headers.get('x-down')]).toEqual([200, 'hello', null])
    expect(stale.headers.get('cache-status')).toBe('hybrid-cache; fwd=stale')
    expect(stale.headers.get('age')).toBe('11')
  })

  test('says so also where the app was asked anew, and what came of it', async () => {
    let status = 200
    const app = new App(() => new Response('hello', { status }), { staleIfError: '1h' }, true)
    for (const [next, told] of [
      [200, 'fwd=uri-miss; stored'],
      [503, 'fwd=stale'],
    ] as const) {
      status = next
      expect((await app.ask()).headers.get('cache-status')).toBe(`hybrid-cache; ${told}`)
      await app.world.clock.advance(11_000)
    }
    await app.world.clock.advance(30_000)
    status = 200
    expect((await app.ask()).headers.get('cache-status')).toBe('hybrid-cache; fwd=uri-miss; stored')
    expect((await app.ask()).headers.get('cache-status')).toBe('hybrid-cache; hit')
  })

  test('without one everybody gets what their own request came to', async () => {
    const app = new App(async () => {
      await settle()
      return new Response('down', { status: 503 })
    })
    const answers = await Promise.all([app.ask(), app.ask(), app.ask()])
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503])
    expect(app.runs).toBe(3)
  })

  test('an error that a handler throws is answered as without the cache', async () => {
    const app = new App(() => {
      throw new Error('a bug')
    })
    app.app.onError((error) => new Response(error.message, { status: 500 }))
    const response = await app.ask()
    expect([response.status, await response.text()]).toEqual([500, 'a bug'])
  })
})

describe('a body that breaks on its way', () => {
  /** An answer whose client, or whose source, leaves in the midst of it. */
  const breaking = (): Response => {
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await settle()
        controller.error(new Error('gone'))
      },
    })
    return new Response(body)
  }

  const told = (app: App): App => {
    app.app.onError((error) => new Response(error.message, { status: 500 }))
    return app
  }

  test('fails its own request, and those who waited for it are answered by their own handlers', async () => {
    const app: App = told(new App(() => (app.runs === 1 ? breaking() : new Response(`run ${app.runs}`))))
    const answers = await Promise.all([app.ask(), app.ask(), app.ask()])
    expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(['gone', 'run 2', 'run 3'])
    expect(answers.map(({ status }) => status)).toEqual([500, 200, 200])
    expect((await app.ask()).headers.get('cache-status')).toBe('hybrid-cache; fwd=uri-miss; stored')
  })

  test('lets a stale response take its place, for all of them', async () => {
    const app: App = told(
      new App(() => (app.runs === 1 ? new Response('hello') : breaking()), { staleIfError: '1h' }),
    )
    await app.ask()
    await app.world.clock.advance(11_000)
    const answers = await Promise.all([app.ask(), app.ask()])
    expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(['hello', 'hello'])
    expect(answers[0]?.headers.get('cache-status')).toBe('hybrid-cache; fwd=stale')
    expect(app.runs).toBe(2)
  })

  test('lets the request ask its own handlers where the app was asked anew and nothing may take its place', async () => {
    const app: App = told(
      new App(
        async () => {
          if (app.runs !== 2) return new Response(`run ${app.runs}`)
          await new Promise<void>((go) => void app.world.clock.setTimeout(go, 1000))
          return breaking()
        },
        { staleIfError: '1s' },
        true,
      ),
    )
    await app.ask()
    await app.world.clock.advance(10_900)
    const answer = app.ask()
    await app.world.clock.advance(1000)
    expect(await (await answer).text()).toBe('run 3')
  })
})

test('what a handler throws that is no error reaches its own request alone', async () => {
  const app: App = new App(async () => {
    await settle()
    if (app.runs > 1) return new Response(`run ${app.runs}`)
    throw 'gone'
  })
  const [own, other] = await Promise.allSettled([app.ask(), app.ask()])
  expect(own).toEqual({ status: 'rejected', reason: 'gone' })
  expect(other?.status === 'fulfilled' && (await other.value.text())).toBe('run 2')
})

test('a failing Redis fails nobody', async () => {
  const app = new App(text)
  app.world.cut()
  const answer = app.ask()
  await app.world.clock.advance(2000)
  expect(await (await answer).text()).toBe('hello')
})

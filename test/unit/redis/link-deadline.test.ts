import { describe, expect, test } from 'vitest'
import { settle } from '../../support/manual-clock.ts'
import { LinkFixture } from '../../support/link.ts'

describe('the deadline of a request', () => {
  test('rejects every call of it as L2_TIMEOUT, exactly then, and aborts the request', async () => {
    const fixture = new LinkFixture({ timeout: 250 })
    fixture.redis.stall()
    const calls = Promise.allSettled([fixture.read(), fixture.write()])
    await fixture.clock.advance(249)
    expect(fixture.stats.errors).toBe(0)
    expect(fixture.redis.sent[0]?.signal.aborted).toBe(false)
    await fixture.clock.advance(1)
    for (const outcome of await calls) {
      expect(outcome).toMatchObject({
        reason: {
          code: 'L2_TIMEOUT',
          retryable: true,
          message: 'Redis did not answer within 250 ms (l2.timeout)',
        },
      })
    }
    expect(fixture.redis.sent[0]?.signal.aborted).toBe(true)
    expect(fixture.stats).toMatchObject({ requests: 1, errors: 1 })
    expect(fixture.clock.pending).toBe(0)
  })

  test('holds for a transport that ignores its signal and never settles', async () => {
    const fixture = new LinkFixture({ transport: { send: () => new Promise(() => {}) } })
    const call = fixture.read().catch((error: unknown) => error)
    await fixture.clock.advance(1000)
    expect(await call).toMatchObject({ code: 'L2_TIMEOUT' })
    expect(fixture.clock.pending).toBe(0)
  })

  test.each(['resolves', 'rejects'])('is not undone by a transport that %s later', async (how) => {
    let finish = (): void => {}
    const send = (): Promise<string[]> =>
      new Promise((resolve, reject) => {
        finish = () => (how === 'resolves' ? resolve(['late']) : reject(new Error('late')))
      })
    const fixture = new LinkFixture({ transport: { send }, retries: 0 })
    const call = fixture.read().catch((error: unknown) => error)
    await fixture.clock.advance(1000)
    finish()
    await settle()
    expect(await call).toMatchObject({ code: 'L2_TIMEOUT' })
    expect(fixture.stats.errors).toBe(1)
    expect(fixture.clock.pending).toBe(0)
  })

  test('is each request its own: one that comes later gets the whole of it', async () => {
    const fixture = new LinkFixture({ timeout: 100 })
    fixture.redis.stall()
    const first = fixture.read().catch(() => 'first')
    await fixture.clock.advance(60)
    const second = fixture.read().catch(() => 'second')
    await fixture.clock.advance(60)
    expect(await Promise.race([first, second])).toBe('first')
    expect(fixture.redis.sent.map(({ signal }) => signal.aborted)).toEqual([true, false])
    await fixture.clock.advance(40)
    expect(await second).toBe('second')
  })

  test('leaves no timer behind where the request succeeds, and none is set before it starts', async () => {
    const fixture = new LinkFixture()
    await fixture.read()
    expect(fixture.clock.pending).toBe(0)
    const call = fixture.read()
    expect(fixture.clock.pending).toBe(0)
    await call
    expect(fixture.clock.pending).toBe(0)
  })

  test('is counted from the sending, however the wall clock is set meanwhile', async () => {
    const fixture = new LinkFixture({ timeout: 100 })
    fixture.redis.stall()
    const call = fixture.read().catch((error: unknown) => error)
    await settle()
    fixture.clock.set(fixture.clock.now() + 3_600_000)
    await fixture.clock.advance(99)
    expect(fixture.stats.errors).toBe(0)
    await fixture.clock.advance(1)
    expect(await call).toMatchObject({ code: 'L2_TIMEOUT' })
  })
})

import { describe, expect, test, vi } from 'vitest'
import { CacheError } from '../../src/errors.ts'
import { type EventName, Events, type Listener } from '../../src/events.ts'

const miss = { operation: 'get' } as const

describe('listeners', () => {
  test('hear their own event, in the order in which they came, and no other', () => {
    const heard: string[] = []
    const events = new Events()
    events.on('miss', () => heard.push('first'))
    events.on('miss', () => heard.push('second'))
    events.on('evict', () => heard.push('other'))
    events.emit('miss', miss)
    expect(heard).toEqual(['first', 'second'])
  })

  test('given at creation hear from the start; a missing one is skipped', () => {
    const listener = vi.fn()
    const events = new Events({ miss: listener, evict: undefined } as never)
    events.emit('miss', miss)
    events.emit('evict', { bytes: 1 })
    expect(listener.mock.calls).toEqual([[miss]])
  })

  test('hear nothing more once they have unsubscribed, however often they do', () => {
    const [gone, stays] = [vi.fn(), vi.fn()]
    const events = new Events()
    const off = events.on('miss', gone)
    events.on('miss', stays)
    off()
    off()
    events.emit('miss', miss)
    expect(gone).not.toHaveBeenCalled()
    expect(stays).toHaveBeenCalledOnce()
  })

  test('that are the same function hear an event once', () => {
    const listener = vi.fn()
    const events = new Events()
    events.on('miss', listener)
    events.on('miss', listener)
    events.emit('miss', miss)
    expect(listener).toHaveBeenCalledOnce()
  })

  test('that throw disturb neither the others nor the emitter', () => {
    const listener = vi.fn()
    const events = new Events({
      error: () => {
        throw new Error('onlooker')
      },
    })
    events.on('error', listener)
    const event = { operation: 'set', error: new CacheError('L2_TIMEOUT', 'late') } as const
    expect(() => events.emit('error', event)).not.toThrow()
    expect(listener).toHaveBeenCalledWith(event)
  })

  test('may unsubscribe while they are called', () => {
    const events = new Events()
    const calls: string[] = []
    const off = events.on('miss', () => {
      calls.push('once')
      off()
    })
    events.on('miss', () => calls.push('always'))
    events.emit('miss', miss)
    events.emit('miss', miss)
    expect(calls).toEqual(['once', 'always', 'always'])
  })

  test.each([undefined, null, 'log', 5, {}, []])(
    'that are no function (%s) throw a TypeError',
    (listener) => {
      const on = (): unknown => new Events().on('miss', listener as unknown as Listener<'miss'>)
      expect(on).toThrow(TypeError)
      expect(on).toThrow("'miss'")
    },
  )
})

describe('heard', () => {
  test('says whether anybody listens to that event', () => {
    const events = new Events({ load: () => {} })
    const names: EventName[] = [
      'hit',
      'miss',
      'load',
      'store',
      'remove',
      'evict',
      'discard',
      'error',
      'breaker',
    ]
    expect(names.filter((name) => events.heard(name))).toEqual(['load'])
    const off = events.on('hit', () => {})
    expect(events.heard('hit')).toBe(true)
    off()
    expect(events.heard('hit')).toBe(false)
  })
})

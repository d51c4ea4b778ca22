import { CheckRateLimits, type LuaScript, RateLimitSlidingWindow } from '../../lua/index.ts'
import type { Reply } from '../../redis/index.ts'
import { type Algorithm, fixedWindow, type Found, gcra, slidingWindow } from './algorithms.ts'
import { type Call, microseconds, milliseconds, refuse, type Run, whole } from './lua.ts'

type Words = readonly string[]

const algorithms: Readonly<Record<string, Algorithm>> = { g: gcra, s: slidingWindow, f: fixedWindow }

interface Rule {
  readonly key: string
  readonly algorithm: Algorithm
  readonly cost: number
  readonly words: readonly number[]
}

function ruleOf(key: string, [name = '', ...texts]: Words): Rule {
  const algorithm = Object.hasOwn(algorithms, name) ? algorithms[name] : undefined
  const [cost = NaN, ...words] = texts.map((text) => (/^-?\d+$/.test(text) ? Number(text) : NaN))
  const [limit = 0, span = 0, slice = 0] = words
  const isWhole = [cost, ...words].every(Number.isInteger)
  if (!algorithm || !isWhole || limit < 1 || span < 1 || (algorithm === slidingWindow && slice < 1))
    return refuse('a word is not an algorithm, or not a whole number in its range')
  return { key, algorithm, cost, words }
}

/** Until when a block lasts, 0 if there is none now, and the state that follows it. */
function blockIn(bytes: string, now: number): readonly [ends: number, state: string] {
  const [, ends, state] = /^b(\d+);([\s\S]*)$/.exec(bytes) ?? []
  if (ends === undefined || state === undefined) return [0, bytes]
  return [Number(ends) > now ? Number(ends) : 0, state]
}

interface Asked extends Rule {
  readonly ends: number
  readonly state: string
  readonly found: Found
}

function ask(rule: Rule, bytes: string | null, { mode, now }: { mode: string; now: number }): Asked {
  const [blockEnds, state] = blockIn(bytes ?? '', now)
  const { cost, algorithm, words } = rule
  if (mode === 'block') {
    const ends = cost > 0 ? now + cost * 1000 : 0
    const kept = cost > 0 || blockEnds > 0 ? { state } : {}
    const found = { isAllowed: true, retry: 0, reset: now, used: 0, rest: 0, ...kept }
    return { ...rule, ends, state, found }
  }
  const found = algorithm(state, now, cost, words)
  const isBlocked = blockEnds > now && mode !== 'give'
  const blocked = { ...found, isAllowed: false, retry: Math.max(found.retry, blockEnds) }
  return { ...rule, ends: blockEnds, state, found: isBlocked ? blocked : found }
}

function checkLimits(call: Call, keys: Words, [mode = '', ...texts]: Words): Reply {
  if (keys.length === 0 || texts.length !== 8 * keys.length)
    return refuse('there must be eight words for each key')
  const rules = keys.map((key, i) => ruleOf(key, texts.slice(8 * i, 8 * i + 8)))
  const now = microseconds(call)
  const states = call<(string | null)[]>('MGET', ...keys)
  const asked = rules.map((rule, i) => ask(rule, states[i] ?? null, { mode, now }))
  const changes = mode !== 'look' && asked.every(({ found }) => found.isAllowed)
  const reply = [now]
  for (const { key, ends, state, found, algorithm, words } of asked) {
    const told = changes ? found : algorithm(state, now, 0, words)
    if (changes && found.state !== undefined) {
      const kept = mode === 'take' ? 0 : call<number>('PTTL', key)
      const left = Math.max(kept, Math.ceil((Math.max(found.reset, ends) - now) / 1000) + 1000)
      call('SET', key, (ends > 0 ? `b${ends};` : '') + found.state, 'PX', left)
    }
    const outcome = found.isAllowed ? 1 : ends > now ? -1 : 0
    reply.push(outcome, found.retry, told.reset, told.used, told.rest)
  }
  return reply
}

type Window = [allowed: number, remaining: number, retry: number, reset: number]

function slidingWindowOfOne(call: Call, [key = '']: Words, [most, ms, price = '1']: Words): Window {
  const max = whole(most, 0, 1e9)
  const cost = whole(price, 0, 1e9)
  const window = milliseconds(ms, 1)
  if (max === undefined || cost === undefined)
    return refuse('max and cost must be whole numbers, at most 1000000000')
  if (window === undefined) return refuse('window must be whole milliseconds, at least 1')
  const time = microseconds(call)
  const log = call<string | null>('GET', key) ?? 'sw1'
  if (!log.startsWith('sw1')) return refuse('the key holds something else')
  const span = window * 1000
  const found = slidingWindow(log, time, cost, [max, span, Math.ceil(span / 60)])
  if (found.state !== undefined) call('SET', key, found.state, 'PX', window + 1000)
  const wait = found.isAllowed ? 0 : cost > max ? -1 : Math.ceil((found.retry - found.rest) / 1000)
  const reset = Math.ceil((found.reset - found.rest) / 1000)
  return [found.isAllowed ? 1 : 0, Math.max(0, max - found.used), wait, reset]
}

/** Those of rate limits. */
export const limits: readonly (readonly [LuaScript, Run])[] = [
  [CheckRateLimits, checkLimits],
  [RateLimitSlidingWindow, slidingWindowOfOne],
]

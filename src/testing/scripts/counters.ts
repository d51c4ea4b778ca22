import { IncrementWithExpiration, IncrementWithin, type LuaScript } from '../../lua/index.ts'
import { type Call, integer, milliseconds, refuse, type Run } from './lua.ts'

const orNone = 'expiration must be whole milliseconds, or 0 for none'

function increment(
  call: Call,
  [key = '']: readonly string[],
  [amount = '', ms]: readonly string[],
): number | string {
  if (amount.length > 20 || !/^(?:0|-?[1-9]\d*)$/.test(amount)) refuse('amount must be a whole number')
  const life = milliseconds(ms, 0) ?? refuse(orNone)
  const sum = call<number>('INCRBY', key, amount)
  if (life > 0 && sum === Number(amount)) call('PEXPIRE', key, life, 'NX')
  return Math.abs(sum) < 2 ** 53 ? sum : call<string>('GET', key)
}

function incrementWithin(
  call: Call,
  [key = '']: readonly string[],
  [by, least, most, ms]: readonly string[],
): [changed: number, value: number] {
  const amount = integer(by)
  const min = integer(least)
  const max = integer(most)
  if (amount === undefined || min === undefined || max === undefined)
    return refuse('amount, min and max must be whole numbers below 2^53')
  const life = milliseconds(ms, 0) ?? refuse(orNone)
  const stored = call<string | null>('GET', key)
  const value = integer(stored ?? '0') ?? refuse('the key holds no whole number below 2^53')
  const sum = value + amount
  if (sum < min || sum > max) return [0, value]
  call('INCRBY', key, amount)
  if (life > 0 && stored === null) call('PEXPIRE', key, life)
  return [1, sum]
}

/** Those that count. */
export const counters: readonly (readonly [LuaScript, Run])[] = [
  [IncrementWithExpiration, increment],
  [IncrementWithin, incrementWithin],
]

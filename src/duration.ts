/**
 * A length of time: a number of **milliseconds**, or a string such as `'250ms'`, `'30s'`, `'15m'`, `'1h'`, `'7d'`.
 * Zero, negative numbers, `NaN`, `Infinity` and anything else throw a `TypeError`; fractions round up to a whole millisecond.
 */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const format = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

/** Turns a duration into whole milliseconds; `name` is the option that a `TypeError` blames. */
export function toMilliseconds(duration: Duration, name: string): number {
  const ms = typeof duration === 'string' ? parse(duration) : duration
  if (typeof ms === 'number' && ms > 0 && ms <= Number.MAX_SAFE_INTEGER) return Math.ceil(ms)
  throw new TypeError(
    `${name} must be a duration above zero: a finite number of milliseconds, or a string such as '250ms', '30s', '15m', '1h', '7d'`,
  )
}

/** The longest delay that a timer accepts, in milliseconds. */
export const longestTimer: number = 2 ** 31 - 1

/**
 * A hundred years, in milliseconds: scripts take nothing longer (`_milliseconds.lua`), and instants in microseconds stay below
 * 2^53.
 */
export const longestSpan = 3_155_760_000_000

/** Turns a duration into whole milliseconds that a script takes. */
export function spanOf(duration: Duration, name: string): number {
  const ms = toMilliseconds(duration, name)
  if (ms <= longestSpan) return ms
  throw new TypeError(`${name} must not be longer than a hundred years`)
}

function parse(text: string): number {
  const match = format.exec(text)
  if (match === null) return Number.NaN
  const [, count, unit] = match as unknown as readonly [string, string, keyof typeof units]
  const ms = Number(count) * units[unit]
  const whole = Math.round(ms)
  return whole > 0 && Math.abs(ms - whole) < 1e-6 ? whole : ms // 4.035 * 1000 is a little more than 4035
}

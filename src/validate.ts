/** Throws a `TypeError` for options that are no object; `or` says what else is accepted. */
export function assertOptions(options: unknown, name: string, or = ''): void {
  if (typeof options === 'object' && options !== null) return
  throw new TypeError(`${name} takes an object of options${or}`)
}

export function oneOf<T extends string>(value: T, allowed: readonly T[], name: string): T {
  if (allowed.includes(value)) return value
  throw new TypeError(`${name} must be one of ${allowed.join(', ')}`)
}

/** `value`, unless it is no whole number or below `min`: that throws a `TypeError`. */
export function wholeNumber(value: number, name: string, min: number = 1): number {
  if (Number.isSafeInteger(value) && value >= min) return value
  throw new TypeError(`${name} must be a whole number, ${min} or more`)
}

/** The same with an upper bound. */
export function wholeNumberWithin(value: number, name: string, min: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value
  throw new TypeError(`${name} must be a whole number from ${min} to ${max}`)
}

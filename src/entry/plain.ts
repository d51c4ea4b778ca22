/**
 * Whether JSON carries the value without loss: plain objects, arrays, strings, finite numbers (not -0), booleans, null.
 * Anything deeper than the call stack, circular structures included, counts as not plain.
 */
export function isPlainJson(value: unknown): boolean {
  try {
    return isPlain(value)
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

function isPlain(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
    case 'object':
      return value === null || (Array.isArray(value) ? isPlainArray(value) : isPlainObject(value))
    default:
      return false
  }
}

function isPlainArray(array: readonly unknown[]): boolean {
  // By index, because `every` skips holes, which JSON turns into null.
  for (let i = 0; i < array.length; i++) if (!isPlain(array[i])) return false
  return true
}

function isPlainObject(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype !== Object.prototype && prototype !== null) return false
  if (typeof (object as { toJSON?: unknown }).toJSON === 'function') return false
  for (const key in object) if (!isPlain((object as Record<string, unknown>)[key])) return false
  return true
}

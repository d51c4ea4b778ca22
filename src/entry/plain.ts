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
  if (!isPrototype(Object.getPrototypeOf(array), 2)) return false
  // JSON turns holes into null, and leaves out named properties, such as the `groups` of a regular expression's match.
  if (Object.keys(array).length !== array.length) return false
  for (let i = 0; i < array.length; i++) if (!isPlain(array[i])) return false
  return true
}

function isPlainObject(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype !== null && !isPrototype(prototype, 1)) return false
  if (typeof (object as { toJSON?: unknown }).toJSON === 'function') return false
  if (Object.getOwnPropertySymbols(object).length > 0) return false
  for (const key in object) if (!isPlain((object as Record<string, unknown>)[key])) return false
  return true
}

/**
 * Whether it is the prototype of plain objects (the end of a chain of one) or of arrays (of two), in whichever realm: values
 * of another realm, as in test runners and the edge-runtime VM, have other prototypes.
 */
export function isPrototype(prototype: unknown, chain: 1 | 2): boolean {
  if (prototype === (chain === 1 ? Object.prototype : Array.prototype)) return true
  for (let i = 1; i < chain && prototype !== null; i++) prototype = Object.getPrototypeOf(prototype)
  return prototype !== null && Object.getPrototypeOf(prototype) === null
}

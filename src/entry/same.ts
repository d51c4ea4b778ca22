import { isPrototype } from './plain.ts'

/**
 * Whether two values are equal, identity aside: superjson's result is compared with its input, as it silently loses symbols and
 * classes, and mixes up Sets and Maps whose members occur elsewhere, too.
 */
export function isSame(a: unknown, b: unknown, around: Map<object, unknown> = new Map()): boolean {
  if (Object.is(a, b)) return true
  if (!isObject(a) || !isObject(b) || !haveSamePrototype(a, b)) return false
  if (around.has(a)) return around.get(a) === b // a cycle
  around.set(a, b)
  const own = contentsOf(a)
  const other = contentsOf(b)
  const same = own.length === other.length && own.every((part, i) => isSame(part, other[i], around))
  around.delete(a)
  return same
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** Objects without a prototype come back as plain ones, and plain objects and arrays of another realm as those of this one. */
function haveSamePrototype(a: object, b: object): boolean {
  const own: unknown = Object.getPrototypeOf(a)
  const other: unknown = Object.getPrototypeOf(b)
  if (own === other) return true
  if (other === Array.prototype) return Array.isArray(a) && isPrototype(own, 2)
  return other === Object.prototype && (own === null || isPrototype(own, 1))
}

// `name` becomes an own property of the result, and the stack does not count.
const ownOfErrors: ReadonlySet<PropertyKey> = new Set(['name', 'message', 'cause', 'stack'])

/** Properties added to an error, such as a `code`: superjson leaves them out. */
function addedTo(error: Error): unknown[] {
  const { propertyIsEnumerable } = Object.prototype
  const keys = Reflect.ownKeys(error).filter(
    (key) => propertyIsEnumerable.call(error, key) && !ownOfErrors.has(key),
  )
  return entriesOf(error, keys)
}

function entriesOf(value: object, keys: readonly PropertyKey[]): unknown[] {
  return keys.flatMap((key) => [key, (value as Record<PropertyKey, unknown>)[key]])
}

/** What a value consists of, in order. */
function contentsOf(value: object): unknown[] {
  if (value instanceof Map) return [...value.keys(), ...value.values()]
  if (value instanceof Set) return [...value]
  if (value instanceof Error) return [value.name, value.message, value.cause, ...addedTo(value)]
  if (value instanceof Date) return [value.getTime()]
  if (value instanceof RegExp || value instanceof URL) return [String(value)]
  if (ArrayBuffer.isView(value)) return [...(value as Uint8Array)]
  return entriesOf(value, Reflect.ownKeys(value))
}

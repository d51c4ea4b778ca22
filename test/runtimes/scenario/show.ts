/** A value as text that differs wherever the values differ: type, order, holes, `-0` and `undefined` included. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (Object.is(value, -0)) return '-0'
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`
  if (value instanceof Date) return `Date(${value.getTime()})`
  if (value instanceof Map) return `Map{${pairs(value)}}`
  if (value instanceof Set) return `Set{${[...value].map(show).join(', ')}}`
  if (value instanceof Error) return `${value.name}(${show(value.message)})`
  if (value instanceof URL || value instanceof RegExp) return String(value)
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}[${bytesOf(value).join()}]`
  return `{${pairs(Object.entries(value))}}`
}

function pairs(entries: Iterable<readonly [unknown, unknown]>): string {
  return [...entries].map(([key, value]) => `${show(key)}: ${show(value)}`).join(', ')
}

function bytesOf(view: ArrayBufferView): number[] {
  return [...new Uint8Array(view.buffer, view.byteOffset, view.byteLength)]
}

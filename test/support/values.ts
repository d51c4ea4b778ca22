import fc from './fc.ts'

/** Keys of objects that JSON and superjson are both able to write. */
const key = fc
  .oneof(
    fc.string({ maxLength: 5 }),
    fc.constantFrom('a.b', 'a\\.b', '\\', '.', '', '0', '1', 'json', 'meta', 'ü'),
  )
  .filter((name) => !['__proto__', 'constructor', 'prototype', 'toJSON'].includes(name))

/** Values that JSON loses something of, alone and inside others. */
const special: fc.Arbitrary<unknown> = fc.oneof(
  fc.date({ noInvalidDate: true }),
  fc.bigInt(),
  fc.constantFrom<unknown>(undefined, -0, Infinity, -Infinity),
  // Made anew each time: what is referenced twice has a test of its own, and so has NaN, which counts as that.
  fc
    .constantFrom<() => unknown>(
      () => /a[b]c/giu,
      () => new URL('https://example.com/?a=b#c'),
    )
    .map((make) => make()),
  fc.uint8Array({ maxLength: 8 }),
)

/** What the codec carries: JSON data, and dates, maps, sets, bigints and the like anywhere in it. */
export const anyData: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'data' },
    fc.oneof(fc.jsonValue({ maxDepth: 0 }), special),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => new Set(items)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((pairs) => new Map(pairs)),
  ),
})).value

/** An array of arrays, `depth` deep. */
export function nested(depth: number): unknown {
  let value: unknown = []
  for (let i = 1; i < depth; i++) value = [value]
  return value
}

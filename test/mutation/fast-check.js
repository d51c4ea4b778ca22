// @ts-check
// fast-check for judging mutants: the same examples for each of them, so that a score is never luck, and fewer of them.
import fc from 'fast-check'

const most = 30

/** @template T @param {fc.Parameters<T>} [given] @returns {fc.Parameters<T>} */
const bounded = (given) => ({
  ...given,
  seed: given?.seed ?? 1,
  numRuns: Math.min(given?.numRuns ?? 100, most),
  endOnFailure: true,
})

/**
 * Tests say at their beginning which strings they take, and fast-check then makes a map of all characters: half a second a thread,
 * which a mutant whose tests take none need not wait for.
 * @param {fc.StringConstraints} [constraints]
 */
function string(constraints) {
  /** @type {fc.Arbitrary<string> | undefined} */
  let made
  return fc.constant(undefined).chain(() => (made ??= fc.string(constraints)))
}

export default {
  ...fc,
  string,
  /** @template T @param {fc.IRawProperty<T>} property @param {fc.Parameters<T>} [given] */
  assert: (property, given) => fc.assert(property, bounded(given)),
}

import { describe } from 'vitest'

/**
 * Suites that run at the same time, the tests of each one after another: for those that mostly wait. `%s` in the name stands for
 * what differs.
 */
export function describeTogether<T extends string>(
  name: string,
  cases: readonly T[],
  suite: (each: T) => void,
): void {
  describe.concurrent.each(cases)(name, (each) => {
    describe.sequential('', () => suite(each))
  })
}

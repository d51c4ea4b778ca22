import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The files that take longest, the longest of them first: what they wait for the others can use. */
const longest = [
  'test/integration/demo.test.ts',
  'test/runtimes/example-vercel.test.ts',
  'test/integration/cloudflare.test.ts',
  'test/integration/coherence/in-flight.test.ts',
  'test/integration/admin/apart.test.ts',
  'test/integration/lock/processes.test.ts',
  'test/integration/admin/remove-by-pattern.test.ts',
  'test/integration/coherence/flood.test.ts',
  'test/lua/fill.test.ts',
  'test/faults/matrix.test.ts',
  'test/model/model.test.ts',
  'test/unit/load/scheduled.test.ts',
  'test/integration/lock/lock.test.ts',
  'test/runtimes/workerd-loads.test.ts',
  'test/faults/redis.test.ts',
  'test/package/docs.test.ts',
  'test/integration/rate-limit/history.test.ts',
]

/** Begins with what takes longest, so that no worker is left alone with it at the end. A fresh clone has no durations to go by. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files) // oxlint-disable-line unicorn/no-array-sort -- not of an array
    const rank = ({ moduleId }: TestSpecification): number => {
      const found = longest.findIndex((name) => moduleId.endsWith(name))
      return found < 0 ? longest.length : found
    }
    return others.toSorted((a, b) => rank(a) - rank(b))
  }
}

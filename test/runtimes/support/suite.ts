import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkNames } from '../scenario/index.ts'
import type { CheckResult, ScenarioInput, ScenarioReport } from '../scenario/input.ts'
import { describeTogether } from '../../support/together.ts'
import { workFolder } from './built.ts'
import { startWorld } from './world.ts'

/** Starts a runtime, lets it run the scenario, and gives its report back. `folder` is for the files that this takes. */
export type Runner = (input: ScenarioInput, folder: string) => Promise<ScenarioReport>

/**
 * One test for every check of the scenario, in the runtime that `runner` starts, while others of the same file run theirs. `more`
 * may look at the whole report.
 */
export function describeRuntime(
  name: string,
  runner: Runner,
  more: (report: () => ScenarioReport) => void = () => undefined,
): void {
  describeTogether('%s', [name], () => {
    let report: ScenarioReport = { runtime: '', checks: [] }

    beforeAll(async () => {
      await using world = await startWorld(name.toLowerCase().replace(/[^a-z0-9]+/g, '-'))
      using folder = workFolder()
      report = await runner(world.input, folder.path)
    }, 150_000)

    afterAll(() => {
      if (process.env['RUNTIMES_VERBOSE']) print(name, report)
    })

    for (const check of checkNames) {
      test(check, () => {
        const result = report.checks.find((each) => each.name === check)
        expect(result?.failure).toBeUndefined()
      })
    }

    test('every check was run', () => expect(report.checks.map((check) => check.name)).toEqual(checkNames))

    more(() => report)
  })
}

/** What the runtimes did where there is no right or wrong. */
function print(name: string, { runtime, checks }: ScenarioReport): void {
  console.log([`${name} (${runtime})`, ...checks.flatMap(noteOf)].join('\n'))
}

function noteOf({ name, seen, failure }: CheckResult): string[] {
  return seen === undefined && failure === undefined ? [] : [`  ${name}: ${failure ?? seen}`]
}

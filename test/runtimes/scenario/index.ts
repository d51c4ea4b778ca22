// One scenario for every runtime: no import of a runtime's own, nothing but what the web platform gives everywhere.
import { aborting } from './aborting.ts'
import { background } from './background.ts'
import { coherence } from './coherence.ts'
import { connections } from './connections.ts'
import { encodings } from './encodings.ts'
import { failures } from './failures.ts'
import type { CheckResult, ScenarioReport } from './input.ts'
import { isolation } from './isolation.ts'
import { keys } from './keys.ts'
import { lifetimes } from './lifetimes.ts'
import { limiting } from './limiting.ts'
import { loading } from './loading.ts'
import { locking } from './locking.ts'
import { reading } from './reading.ts'
import { redirects } from './redirects.ts'
import { scripting } from './scripting.ts'
import { testing } from './testing.ts'
import { type Check, type Checks, type Subject, Toolbox } from './toolbox.ts'
import { valueChecks } from './values.ts'
import { writing } from './writing.ts'

const checks: Checks = {
  ...connections,
  ...reading,
  ...writing,
  ...coherence,
  ...valueChecks,
  ...keys,
  ...lifetimes,
  ...background,
  ...loading,
  ...aborting,
  ...encodings,
  ...isolation,
  ...failures,
  ...redirects,
  ...scripting,
  ...limiting,
  ...locking,
  ...testing,
}

/** Every check that a run must report. */
export const checkNames: readonly string[] = Object.keys(checks)

/** Runs every check, one after the other. Never rejects. */
export async function runScenario(subject: Subject): Promise<ScenarioReport> {
  const results: CheckResult[] = []
  for (const [number, [name, check]] of Object.entries(checks).entries()) {
    const tools = new Toolbox(subject, number)
    await tools.use()
    results.push({ name, ...(await outcomeOf(check, tools)) })
  }
  return { runtime: globalThis.navigator?.userAgent ?? 'no user agent', checks: results }
}

/** Only ends what hangs: some checks take seconds by design, and longer on a busy machine. In milliseconds. */
const deadline = 30_000

async function outcomeOf(check: Check, tools: Toolbox): Promise<Omit<CheckResult, 'name'>> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${deadline} ms`)), deadline)
  })
  try {
    const seen = await Promise.race([check(tools), late])
    return seen === undefined ? {} : { seen }
  } catch (error) {
    return { failure: error instanceof Error ? `${error.name}: ${error.message}` : String(error) }
  } finally {
    clearTimeout(timer)
  }
}

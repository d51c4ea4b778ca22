/** What a run is told by the test that starts it. JSON. */
export interface ScenarioInput {
  /** Unlike that of any other run: what its keys in Redis begin with. */
  readonly run: string
  /** The local Upstash server, which nobody else uses meanwhile. */
  readonly url: string
  readonly token: string
  /** The helper server of the test: counters, redirects, answers that never come. */
  readonly helper: string
  /** Where nobody listens. */
  readonly dead: string
}

/** What a run answers. JSON. */
export interface ScenarioReport {
  readonly runtime: string
  readonly checks: readonly CheckResult[]
}

export interface CheckResult {
  readonly name: string
  /** Why it failed; missing where it passed. */
  readonly failure?: string
  /** What it saw, where there is no right or wrong. */
  readonly seen?: string
}

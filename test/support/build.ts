import { execFileSync } from 'node:child_process'
import type { TestProject } from 'vitest/node'

/** Builds `dist` before all tests, and before those that a watcher runs again: what is tested as a package is what the sources say now. */
export function setup(project: TestProject): void {
  build()
  project.onTestsRerun(build)
}

function build(): void {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' })
}

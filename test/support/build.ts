import { execFileSync } from 'node:child_process'

/** Builds `dist` once before all tests: what is tested as a package is what the sources say now. */
export function setup(): void {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' })
}

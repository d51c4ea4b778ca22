import { inspect } from 'node:util'
import { expect } from 'vitest'

/** What must never show: a token, a part of a URL, a key, a value. All of them hold the word `canary`. */
export const canary = {
  token: 'canary-token-1',
  path: 'canary-path',
  key: 'canary-key',
  value: 'canary-value',
} as const

/** Everything that a logger may make of an error, and of what hangs on it. */
function everyFormOf(error: unknown): string {
  const { message, name, stack, cause } = error as Error
  const forms = [
    String(error),
    message,
    name,
    stack,
    JSON.stringify(error),
    String(cause),
    JSON.stringify(cause),
  ]
  return [...forms, inspect(error, { depth: Infinity, showHidden: true, getters: true })].join('\n')
}

/** Fails where an error shows anything that was sent, stored or configured. */
export function expectNothingShown(error: unknown, ...secrets: readonly string[]): void {
  const shown = everyFormOf(error)
  for (const secret of ['canary', ...secrets]) expect(shown).not.toContain(secret)
}

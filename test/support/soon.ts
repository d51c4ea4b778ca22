import { vi } from 'vitest'

/** Waits until a check holds, for longer than even a busy machine takes. */
export function soon<T>(check: () => T | Promise<T>, options: { interval?: number } = {}): Promise<T> {
  return vi.waitFor(check, { timeout: 5000, ...options })
}

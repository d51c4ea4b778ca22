import { afterAll, beforeAll } from 'vitest'

// Background work must never become an unhandled rejection: any that happens fails the file it happened in.
const seen: unknown[] = []
const note = (reason: unknown): void => void seen.push(reason)

beforeAll(() => void process.on('unhandledRejection', note))
afterAll(() => {
  process.off('unhandledRejection', note)
  if (seen.length > 0) throw new Error('unhandled rejection', { cause: seen[0] })
})

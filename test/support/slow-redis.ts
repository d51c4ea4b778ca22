import type { World } from './world.ts'

/** The deadline of L2, which a slow Redis misses, in milliseconds. */
export const timeout = 1000

/** Nobody gives up on L2 before that deadline. */
export const l2: { timeout: number; softTimeout: number } = { timeout, softTimeout: timeout }

/** From now on every request takes longer to get there. */
export function slowDown({ redis, clock }: World, ms: number): void {
  redis.before = () => new Promise((wake) => void clock.setTimeout(wake, ms))
}

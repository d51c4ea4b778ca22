import type { World } from './world.ts'

/** The deadline of L2, which a slow Redis misses, in milliseconds. */
export const timeout = 1000

/** Nobody gives up on L2 before that deadline, whatever is at hand. */
export const l2: { timeout: number; softTimeout: number } = { timeout, softTimeout: timeout }

/** From now on every request takes longer to get there. */
export function slowDown({ redis, clock }: World, ms: number): void {
  redis.before = () => new Promise((wake) => void clock.setTimeout(wake, ms))
}

/** When a call settles, or its factory is called, after it began; nothing else moves the clock. */
export async function waited(
  { clock }: World,
  call: (done: () => void) => Promise<unknown>,
): Promise<number> {
  const started = clock.monotonic()
  let at = Infinity
  const done = (): void => void (at = Math.min(at, clock.monotonic() - started))
  void call(done).then(done)
  await clock.advance(10 * timeout)
  return at
}

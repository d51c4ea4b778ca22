import { CacheError, isCacheError } from '../errors.ts'
import { report } from '../report.ts'
import type { RedisParts } from '../parts.ts'
import { sleep } from '../redis/index.ts'
import { type Answer, Claim } from './claim.ts'
import { Hold, instantOf } from './hold.ts'
import type { LockSettings } from './options.ts'

// The longest first pause; no pause is shorter than half of it.
const firstPause = 50
// Refused before anything was executed.
const refusals: ReadonlySet<string> = new Set(['BREAKER_OPEN', 'L2_AUTH', 'L2_RATE_LIMITED'])

/**
 * Asks for a lock until it is granted or `wait` has passed. All attempts have the same token, so that a lock whose grant was lost
 * in transit is granted again.
 */
export async function acquireLock(
  parts: RedisParts,
  name: string,
  settings: LockSettings,
): Promise<Hold | undefined> {
  const { core } = parts
  const { clock } = core.settings
  const { ttl, wait, poll, signal } = settings
  const claim = new Claim(parts, name, ttl)
  const until = clock.monotonic() + wait
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted()
    // The lease counts from before it was asked for: it ends for the holder before it does in Redis.
    const since = instantOf(clock)
    const { fence, left } = await ask(parts, claim, signal)
    if (fence > 0) {
      const hold = new Hold(core, claim, { fence, since, settings })
      if (hold.remaining > 0) return hold
      abandon(parts, claim)
      throw report(core, 'lock', tooLate())
    }
    const rest = until - clock.monotonic()
    if (rest <= 0) return undefined
    await sleep(pauseAfter(attempt, { poll, left, rest }), clock, signal)
  }
}

async function ask(parts: RedisParts, claim: Claim, signal: AbortSignal | undefined): Promise<Answer> {
  try {
    const answer = await claim.take(signal)
    signal?.throwIfAborted()
    return answer
  } catch (error) {
    // The reason of a signal says nothing about the request, though its code may be that of a refusal.
    const wasRefused = isCacheError(error) && refusals.has(error.code) && signal?.aborted !== true
    if (!wasRefused) abandon(parts, claim)
    signal?.throwIfAborted()
    throw report(parts.core, 'lock', error)
  }
}

/**
 * Releases, in the background, what may have been granted although the caller will not use it: others would have to wait for the
 * lease to expire.
 */
function abandon({ core, view }: RedisParts, claim: Claim): void {
  const giveBack = async (): Promise<void> => {
    try {
      await claim.giveBack(0)
    } catch (error) {
      if (isCacheError(error)) report(core, 'lock', error)
    }
  }
  void view.background(giveBack())
}

/**
 * How long to wait before asking again: half of a span that doubles up to `poll`, and a random part of the other half, so that
 * waiters do not ask in step. Not much longer than the current holder's lease, and never past the end of `wait`.
 */
function pauseAfter(
  attempt: number,
  { poll, left, rest }: { poll: number; left: number; rest: number },
): number {
  const span = Math.min(firstPause * 2 ** attempt, poll)
  const pause = (span * (1 + Math.random())) / 2
  return Math.min(pause, Math.max(left, firstPause) + firstPause * Math.random(), rest)
}

function tooLate(): CacheError {
  return new CacheError(
    'L2_TIMEOUT',
    'the lock was granted, but it expired before the reply arrived: use a longer ttl',
    {
      retryable: true,
    },
  )
}

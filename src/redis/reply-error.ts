import { CacheError, type CacheErrorCode } from '../errors.ts'

// Redis names the kind of an error in its first word, in capitals. Nothing after it is safe to show: it may contain keys,
// arguments, or the whole command. Nor is any other first word, which may be an argument of a script. Those in the group are retryable.
const kindPattern =
  /^(?:(BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|OOM|READONLY|TRYAGAIN)|ASK|CROSSSLOT|EXECABORT|MISCONF|MOVED|NOAUTH|NOPERM|NOREPLICAS|NOSCRIPT|WRONGPASS|WRONGTYPE)\b/
const authPattern = /^(?:WRONGPASS|NOAUTH|NOPERM)\b|^(?:ERR )?unauthorized\b/i
const quotaPattern =
  /^(?:ERR )?(?:max (?:daily |monthly )?(?:requests?|bandwidth) (?:size )?limit exceeded|rate limit)/i

const advice: Partial<Record<CacheErrorCode, string>> = {
  L2_AUTH: 'Redis refused the credentials: check the token, and that it may run this command',
  L2_RATE_LIMITED: 'the request quota of the Redis database is used up',
}

/** The error text of Redis, or of the REST server, as an error that is safe to show. */
export function toReplyError(text: string): CacheError {
  const code = codeOf(text)
  const retryable = code === 'L2_RATE_LIMITED' || kindPattern.exec(text)?.[1] !== undefined
  const what = advice[code] ?? `Redis answered with an error of kind ${errorKind(text)}`
  return new CacheError(code, what, { retryable })
}

/** The kind of a Redis error: `ERR` if it begins with none of the known ones. */
export function errorKind(text: string): string {
  return kindPattern.exec(text)?.[0] ?? 'ERR'
}

function codeOf(text: string): CacheErrorCode {
  if (authPattern.test(text)) return 'L2_AUTH'
  return quotaPattern.test(text) ? 'L2_RATE_LIMITED' : 'L2_REPLY'
}

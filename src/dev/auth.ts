import { createHash, timingSafeEqual } from 'node:crypto'

/** Makes the check for one token. It compares digests, so its time tells neither the token's text nor its length. */
export function tokenCheck(token: string): (authorization: string | undefined, query: string) => boolean {
  const expected = digest(token)
  return (authorization, query) => {
    const given = bearerToken(authorization) ?? new URLSearchParams(query).get('_token') ?? ''
    return timingSafeEqual(digest(given), expected)
  }
}

function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

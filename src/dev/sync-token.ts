import { randomBytes } from 'node:crypto'

/**
 * Gives a sync token per request, each after the one before. There is one Redis and no replica, so every read sees
 * every write and a client's own token asks for nothing more.
 */
export function syncTokens(): () => string {
  const instance = randomBytes(6).toString('base64url')
  let position = 0
  return () => {
    position += 1
    return `${instance}.${position.toString(36)}`
  }
}

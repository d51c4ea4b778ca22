import { equal, failure } from './assert.ts'
import { type Checks, record, type Toolbox } from './toolbox.ts'

interface Landing {
  readonly method: string
  readonly token: boolean
  readonly body: boolean
}

/** A database never redirects: whoever does is somebody else, who must get neither the token nor what was to be stored. */
async function isRefused(t: Toolbox, status: number, where: 'away' | 'home'): Promise<void> {
  const url = `${t.subject.input.helper}/redirect/${status}/${where}`
  const cache = t.isolate({ redis: { url, token: t.subject.input.token }, l2: { retries: 0 } })
  const seen = record(cache, 'error', 'discard')
  equal(await cache.get('a'), undefined)
  const { code } = (await failure(() => cache.set('a', 'a secret'))) as { code?: string }
  const landings = (await t.helper(`landings/${where}`)) as readonly Landing[]
  const reached = landings.map(({ method, token, body }) => [method, token && 'token', body && 'body'])
  equal(reached, [], `followed (get: ${seen.join()}; set: ${code}) with`)
  equal(seen, ['error L2_NETWORK', 'error L2_NETWORK'], 'events')
}

export const redirects: Checks = {
  'a redirect is not followed: 307 to another origin': (t) => isRefused(t, 307, 'away'),
  'a redirect is not followed: 302 to another origin': (t) => isRefused(t, 302, 'away'),
  'a redirect is not followed: 307 to the same origin': (t) => isRefused(t, 307, 'home'),
}

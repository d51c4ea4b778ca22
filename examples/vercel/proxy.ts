// What comes before every route of the API: `middleware.ts` until Next.js 15.
import { type NextFetchEvent, type NextRequest, NextResponse } from 'next/server'
import { denialResponse, rateLimitHeaders } from 'hybrid-cache/rate-limit'
import { cacheOf } from './lib/cache'
import { limiterOf } from './lib/limit'
import { addressOf, isBlocked } from './lib/visitor'

export const config = { matcher: '/api/:path*' }

export async function proxy(request: NextRequest, event: NextFetchEvent): Promise<Response> {
  const address = addressOf(request.headers)
  let cache: ReturnType<typeof cacheOf>
  try {
    cache = cacheOf(event) // the event knows best how to keep a proxy alive
  } catch (error) {
    // A missing or unsafe setting. The message says which, and never holds the URL or the token.
    return NextResponse.json({ error: (error as Error).message }, { status: 500 })
  }
  if (await isBlocked(cache, address)) return NextResponse.json({ error: 'blocked' }, { status: 403 })
  const result = await limiterOf().limit(address, { waitUntil: (work) => event.waitUntil(work) })
  if (!result.success) return denialResponse(result)
  const response = NextResponse.next()
  for (const [name, value] of Object.entries(rateLimitHeaders(result))) response.headers.set(name, value)
  return response
}

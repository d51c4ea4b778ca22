// What comes before every route of the API: `middleware.ts` until Next.js 15.
import { type NextFetchEvent, type NextRequest, NextResponse } from 'next/server'
import { cacheOf } from './lib/cache'
import { addressOf, isBlocked } from './lib/visitor'

export const config = { matcher: '/api/:path*' }

export async function proxy(request: NextRequest, event: NextFetchEvent): Promise<NextResponse> {
  const address = addressOf(request.headers)
  let cache: ReturnType<typeof cacheOf>
  try {
    cache = cacheOf(event) // the event knows best how to keep a proxy alive
  } catch (error) {
    // A missing or unsafe setting. The message says which, and never holds the URL or the token.
    return NextResponse.json({ error: (error as Error).message }, { status: 500 })
  }
  if (await isBlocked(cache, address)) return NextResponse.json({ error: 'blocked' }, { status: 403 })
  // The place for a limiter by `address`: refuse with 429 and its headers, or add them to what comes next.
  return NextResponse.next()
}

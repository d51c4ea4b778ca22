import { type HybridCache, isCacheError, type PreparedScript } from 'hybrid-cache'

const pieces = 3

// Redis runs this as one step: between the look and the write nobody else gets a turn, in whatever isolate. As two requests of
// ours, a GET and a SET, it would sell the last piece to everybody who looked at the same time.
const lua = `
local taken = tonumber(redis.call('GET', KEYS[1]) or '0')
local left = tonumber(ARGV[1]) - taken
if left <= 0 then return nil end
redis.call('SET', KEYS[1], taken + 1, 'EX', ARGV[2])
return left - 1`

let script: PreparedScript<number | null> | undefined

/** Reserves one piece of a product: 201 and how many are left, or 409. */
export async function reserve(cache: HybridCache<true>, id: string): Promise<Response> {
  // What is kept for later requests is the script, not the promise of it: on Workers that belongs to one request.
  script ??= await cache.scripts.prepare(lua, { name: 'reserve' })
  try {
    const left = await script.execute({ keys: [`reserved:${id}`], args: [pieces, 24 * 60 * 60] })
    if (left === null) return Response.json({ error: 'sold out' }, { status: 409 })
    return Response.json({ id, left }, { status: 201 })
  } catch (error) {
    if (!isCacheError(error)) throw error
    // No `retry-after`: after a timeout nobody knows whether the piece was taken, so it is never tried again by itself.
    return Response.json({ error: error.code }, { status: 503 })
  }
}

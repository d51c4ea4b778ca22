import type { Reply } from './resp.ts'

/** How strings are put into JSON: as UTF-8 text, or as base64, which loses no byte. */
export type Encoding = 'text' | 'base64'

/** One reply as Upstash answers it: `{"result":…}` or `{"error":"…"}`. */
export function replyJson(reply: Reply, encoding: Encoding): string {
  if (reply.type === 'error') return errorJson(reply.bytes.toString())
  // Only a whole reply of OK stays unencoded; inside an array every string is encoded, as clients decode all of them.
  if (isOk(reply)) return '{"result":"OK"}'
  return `{"result":${valueJson(reply, encoding)}}`
}

export function errorJson(message: string): string {
  return JSON.stringify({ error: message })
}

/** Integers are copied digit by digit: they may be larger than a JavaScript number can say. */
function valueJson(reply: Reply, encoding: Encoding): string {
  switch (reply.type) {
    case 'null':
      return 'null'
    case 'integer':
      return String(BigInt(reply.digits))
    case 'array':
      return `[${reply.items.map((item) => valueJson(item, encoding)).join(',')}]`
    default:
      return JSON.stringify(reply.bytes.toString(encoding === 'base64' ? 'base64' : 'utf8'))
  }
}

function isOk(reply: Reply): boolean {
  return reply.type === 'status' && reply.bytes.toString('latin1') === 'OK'
}

import type { DevServer } from '../../../src/dev/index.ts'

/** An HTTP answer of the server under test. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Buffer
  /** The body as JSON. */
  readonly json: unknown
}

type Body = string | Uint8Array<ArrayBuffer>

/** Sends a request with the token; `init` may replace anything. */
export async function rest(server: DevServer, path: string, init: RequestInit = {}): Promise<Answer> {
  const headers = new Headers(init.headers)
  if (!headers.has('authorization')) headers.set('authorization', `Bearer ${server.token}`)
  const response = await fetch(`${server.url}${path}`, { ...init, headers })
  const bytes = Buffer.from(await response.arrayBuffer())
  return {
    status: response.status,
    headers: response.headers,
    bytes,
    get json(): unknown {
      return JSON.parse(bytes.toString())
    },
  }
}

/** POSTs a body, made into JSON unless it is bytes or text already. */
export function post(
  server: DevServer,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const raw: Body = typeof body === 'string' || isBytes(body) ? body : JSON.stringify(body)
  return rest(server, path, { method: 'POST', body: raw, headers })
}

/** Runs one command and gives `{ result }` or `{ error }`. */
export async function run(server: DevServer, ...words: readonly (string | number)[]): Promise<unknown> {
  const answer = await post(server, '/', words)
  return answer.json
}

function isBytes(body: unknown): body is Uint8Array<ArrayBuffer> {
  return body instanceof Uint8Array
}

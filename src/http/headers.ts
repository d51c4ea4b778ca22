/**
 * The response with these headers. `RateLimit` and `RateLimit-Policy` are lists, which keep what an inner limiter has set; other fields
 * are replaced. A response with immutable headers, such as one of `fetch`, is rebuilt around its body.
 */
export function withHeaders(response: Response, headers: Readonly<Record<string, string>>): Response {
  try {
    return add(response, headers)
  } catch {
    // Immutable.
  }
  try {
    return add(new Response(response.body, response), headers)
  } catch {
    return response // one that the constructor cannot make, such as a network error or a switch of protocols
  }
}

function add(response: Response, headers: Readonly<Record<string, string>>): Response {
  for (const [name, value] of Object.entries(headers)) {
    const told = name.startsWith('RateLimit') ? response.headers.get(name) : null
    if (told === null) response.headers.set(name, value)
    else if (!`, ${told}, `.includes(`, ${value}, `)) response.headers.append(name, value)
  }
  return response
}

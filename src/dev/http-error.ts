/** A request that is answered with an HTTP status and `{"error":"…"}` before any command ran. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

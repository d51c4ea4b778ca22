/** The bytes of an entry, as if it had ended seconds ago: for every isolate, however wrong it is about the server's clock. */
export function endedBytes(entry: unknown): string {
  return String(entry).replace(/^(h1\|e\|\d*\|\d+\|)\d+/, `$1${Date.now() - 5_000}`)
}

/** The engine could not be reached, or went away before it answered. */
export class EngineUnavailableError extends Error {
  override readonly name = 'EngineUnavailableError'
}

/**
 * Plays something with one id after the other until it holds. It counts as failed, and is not played again, where it fails before the
 * time is over that it has named last by `within`, in milliseconds: after that a slow machine may be the reason.
 */
export async function playInTime(
  ids: readonly string[],
  play: (id: string, within: (ms: number) => void) => Promise<void>,
): Promise<void> {
  for (const id of ids) {
    let end = Infinity
    try {
      return await play(id, (ms) => void (end = performance.now() + ms))
    } catch (error) {
      if (performance.now() < end || id === ids.at(-1)) throw error
    }
  }
}

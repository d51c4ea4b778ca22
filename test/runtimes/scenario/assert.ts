import { show } from './show.ts'

export function equal(actual: unknown, expected: unknown, what = 'value'): void {
  const [got, wanted] = [show(actual), show(expected)]
  if (got !== wanted) throw new Error(`${what}: ${clip(got)} instead of ${clip(wanted)}`)
}

export function ok(condition: boolean, what: string): void {
  if (!condition) throw new Error(what)
}

/** The error that `work` throws or rejects with. */
export async function failure(work: () => unknown): Promise<Error> {
  let value: unknown
  try {
    value = await work()
  } catch (error) {
    return error as Error
  }
  throw new Error(`${clip(show(value))} instead of an error`)
}

/** Misuse is a `TypeError`. */
export async function refused(work: () => unknown, what: string): Promise<void> {
  const error = await failure(work)
  ok(error instanceof TypeError, `${what}: ${show(error)} instead of a TypeError`)
}

function clip(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}

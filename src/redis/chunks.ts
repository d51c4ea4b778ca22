/** What one command or script is given at once: a list in parts of `most` items at most, in order. */
export function chunksOf<T>(list: readonly T[], most: number): T[][] {
  const parts: T[][] = []
  for (let i = 0; i < list.length; i += most) parts.push(list.slice(i, i + most))
  return parts
}

/** A list in parts of at most `most` items each, in order: what one command or script is given. */
export function chunksOf<T>(list: readonly T[], most: number): T[][] {
  const parts: T[][] = []
  for (let i = 0; i < list.length; i += most) parts.push(list.slice(i, i + most))
  return parts
}

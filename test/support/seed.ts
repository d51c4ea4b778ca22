import { createHash, randomInt } from 'node:crypto'

/**
 * The seed of a random test: the same each time, so that a change fails for what it does and not by chance. The variable says
 * another one, or `random`.
 */
export function seedFrom(variable: string): number {
  const given = process.env[variable] ?? '1'
  if (given !== 'random') return Number(given)
  const seed = randomInt(2 ** 31)
  console.log(`${variable}=${seed}`)
  return seed
}

/** A number that is the same for the same text. */
export function numberOf(text: string): number {
  return createHash('sha1').update(text).digest().readInt32BE()
}

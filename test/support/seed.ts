/**
 * The seed of a random test: the same each time, so that a change fails for what it does and not by chance. The variable says
 * another one, or `random`.
 */
export function seedFrom(variable: string): number {
  const given = process.env[variable] ?? '1'
  return given === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(given)
}

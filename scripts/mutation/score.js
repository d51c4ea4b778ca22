// @ts-check
/**
 * @typedef {{ status: string, mutatorName: string, replacement?: string, location: { start: { line: number } } }} Mutant
 * @typedef {Record<string, { source: string, mutants: Mutant[] }>} Files
 */

const caught = new Set(['Killed', 'Timeout'])
const missed = new Set(['Survived', 'NoCoverage'])

/** How many of the mutants of a folder, or of all, a test notices; errors and what is left out count for nothing. @param {Files} files @param {string | undefined} folder */
export function scoreOf(files, folder) {
  const mutants = Object.entries(files)
    .filter(([path]) => folder === undefined || path.startsWith(`src/${folder}/`))
    .flatMap(([, file]) => file.mutants)
  const killed = mutants.filter(({ status }) => caught.has(status)).length
  const survived = mutants.filter(({ status }) => missed.has(status)).length
  const score = (100 * killed) / (killed + survived)
  const line = `${folder ?? 'mutants'}: ${killed} of ${killed + survived} caught, ${score.toFixed(1)} %`
  return { score, line }
}

/** A line for each that nothing noticed. @param {Files} files */
export function tellSurvivors(files) {
  for (const [path, { source, mutants }] of Object.entries(files)) {
    const lines = source.split('\n')
    for (const { status, replacement, location } of mutants.filter((each) => missed.has(each.status))) {
      const { line } = location.start
      const unreached = status === 'NoCoverage' ? ' (no test comes here)' : ''
      const instead = (replacement ?? '').replace(/\s+/g, ' ').slice(0, 100)
      console.log(`${path}:${line}${unreached}\n    ${lines[line - 1]?.trim()}\n    => ${instead}`)
    }
  }
}

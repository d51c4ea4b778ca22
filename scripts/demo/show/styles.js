// @ts-check

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 }

/** @typedef {keyof typeof codes} Colour */
/** @typedef {(text: string, ...colours: Colour[]) => string} Style */

/**
 * Colours for people at a terminal, and plain text for files, pipes and whoever sets NO_COLOR.
 *
 * @param {{ isTTY?: boolean }} output
 * @param {NodeJS.ProcessEnv} env
 * @returns {Style}
 */
export function styles({ isTTY }, { NO_COLOR = '', TERM }) {
  if (isTTY !== true || NO_COLOR !== '' || TERM === 'dumb') return (text) => text
  return (text, ...colours) =>
    colours.reduce((styled, colour) => `\u001B[${codes[colour]}m${styled}\u001B[0m`, text)
}

/**
 * Who answered, in words, and the colour for it.
 *
 * @param {{ tier: string | null, status: number }} row
 * @returns {{ word: string, colour: 'green' | 'cyan' | 'yellow' | 'red' | 'plain' }}
 */
export function answeredBy({ tier, status }) {
  if (tier === 'l1') return { word: 'L1 memory', colour: 'green' }
  if (tier === 'l2') return { word: 'L2 Redis', colour: 'cyan' }
  if (tier === 'origin') return { word: 'origin', colour: 'yellow' }
  if (tier === 'stale') return { word: 'stale', colour: 'plain' }
  return status < 400 ? { word: 'done', colour: 'plain' } : { word: `error ${status}`, colour: 'red' }
}

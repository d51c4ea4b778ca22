// What is left to chance is the same each time, so that a change fails for what it does: the cases of properties (fc.ts), and what
// sources draw by themselves. FC_SEED=random tries others. FC_SEED, and FC_PATH where there is one, from the message of a property that
// failed: it begins with what failed then.
import { relative } from 'node:path'
import { randomFrom } from '../../src/testing/random.ts'
import { expect } from 'vitest'
import { numberOf } from './seed.ts'

const { FC_SEED: seed = '1' } = process.env

if (seed !== 'random') {
  const file = relative(process.cwd(), expect.getState().testPath ?? '') // the same wherever the project is
  Math.random = randomFrom(Number(seed) ^ numberOf(file))
}

// fast-check with the same cases each time, or those of FC_SEED and FC_PATH. Only what takes it waits until it has loaded.
import fc from 'fast-check'

const { FC_SEED: seed = '1', FC_PATH: path } = process.env

if (seed !== 'random') fc.configureGlobal({ seed: Number(seed), ...(path !== undefined && { path }) })

export default fc

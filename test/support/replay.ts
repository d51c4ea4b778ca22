// Properties try the same cases each time, so that a change fails for what it does; FC_SEED=random tries others. FC_SEED, and
// FC_PATH where there is one, from the message of a property that failed: it begins with what failed then.
const { FC_SEED: seed = '1', FC_PATH: path } = process.env

if (seed !== 'random') {
  const { configureGlobal } = await import('fast-check')
  configureGlobal({ seed: Number(seed), ...(path !== undefined && { path }) })
}

// FC_SEED, and FC_PATH where there is one, from the message of a property that failed: it begins with what failed then.
const { FC_SEED: seed, FC_PATH: path } = process.env

if (seed !== undefined) {
  const { configureGlobal } = await import('fast-check')
  configureGlobal({ seed: Number(seed), ...(path !== undefined && { path }) })
}

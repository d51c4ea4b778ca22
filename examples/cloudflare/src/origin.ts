// Stands for the slow system behind the cache. Put your own `fetch` or query here, and hand `signal` on to it. What it returns is
// stored: throw where a response is not `ok`.

interface Loaded {
  readonly id: string
  /** Another one for every load, so that you can see which load an answer comes from. */
  readonly revision: string
}

export interface Product extends Loaded {
  readonly name: string
  readonly category: string
}

export interface Trend extends Loaded {
  readonly sold: number
}

export interface Stock extends Loaded {
  readonly pieces: number
}

export async function loadProduct(id: string, signal: AbortSignal): Promise<Product> {
  await slowQuery(signal, 400)
  const isForBath = Number(id) >= 50
  const name = `${isForBath ? 'Towel' : 'Teapot'} No. ${id}`
  return { id, name, category: isForBath ? 'bath' : 'kitchen', revision: crypto.randomUUID() }
}

export async function loadStock(id: string, signal: AbortSignal): Promise<Stock> {
  await slowQuery(signal)
  return { id, pieces: Math.floor(Math.random() * 100), revision: crypto.randomUUID() }
}

/** The slowest, and the one that fails when it is told to. */
export async function loadTrend(id: string, signal: AbortSignal, isDown: boolean): Promise<Trend> {
  await slowQuery(signal, 500)
  if (isDown) throw new Error('the origin is down')
  return { id, sold: Math.floor(Math.random() * 1000), revision: crypto.randomUUID() }
}

async function slowQuery(signal: AbortSignal, ms = 150): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
  signal.throwIfAborted()
}

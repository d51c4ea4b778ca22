// Stands for the slow system behind the cache. Put your own `fetch` or query here, and hand `signal` on to it.

interface Loaded {
  readonly id: string
  /** Another one for every load, so that you can see which load an answer comes from. */
  readonly revision: string
}

export interface Product extends Loaded {
  readonly name: string
  readonly tags: readonly string[]
}

export interface Stock extends Loaded {
  readonly pieces: number
}

export async function loadProduct(id: string, signal: AbortSignal): Promise<Product> {
  await slowQuery(signal)
  return { id, name: `Teapot No. ${id}`, tags: ['kitchen', 'blue'], revision: crypto.randomUUID() }
}

export async function loadStock(id: string, signal: AbortSignal): Promise<Stock> {
  await slowQuery(signal)
  return { id, pieces: Math.floor(Math.random() * 100), revision: crypto.randomUUID() }
}

async function slowQuery(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 150))
  signal.throwIfAborted()
}

// To be imported before the package: while a module loads, edge runtimes refuse I/O, timers and randomness, and know no time.
const touched: string[] = []
const restore: (() => void)[] = []

function trap(owner: object, name: string): void {
  const methods = owner as Record<string, (...args: unknown[]) => unknown>
  const original = methods[name]
  if (original === undefined) throw new Error(`${name} is missing here`)
  methods[name] = (...args) => {
    touched.push(name)
    return original.apply(owner, args)
  }
  restore.push(() => {
    methods[name] = original
  })
}

for (const name of ['fetch', 'setTimeout', 'setInterval']) trap(globalThis, name)
for (const name of ['getRandomValues', 'randomUUID']) trap(crypto, name)
trap(Math, 'random')
trap(Date, 'now')
trap(performance, 'now')

/** Takes the traps away again; what stepped into them. */
export function liftTraps(): readonly string[] {
  const steps = [...touched]
  // Proof that they were there: an engine could keep its own functions in spite of the assignment.
  void performance.now()
  if (touched.length !== steps.length + 1) throw new Error('the traps do not catch anything')
  for (const undo of restore) undo()
  return steps
}

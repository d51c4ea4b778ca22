/** What was counted, held and let through: rules R10 and R11, and that nothing is done twice. */
export class Tally {
  readonly limit = 5
  readonly counter: string
  /** Whether Lua can be run. */
  readonly runsLua: boolean
  /** Whether Redis may lose what it has, or the server say what is not so: then nothing follows from an answer. */
  readonly #unreliable: boolean
  #serial = 0
  #attempts = 0
  #counted = 0
  #runs = 0
  #admitted = 0
  #passed = 0
  #fence = 0
  #holder: string | undefined

  constructor({ counter, runsLua, unreliable }: { counter: string; runsLua: boolean; unreliable: boolean }) {
    this.counter = counter
    this.runsLua = runsLua
    this.#unreliable = unreliable
  }

  next(): number {
    return ++this.#serial
  }

  attempted(): void {
    this.#attempts++
  }

  counted(value: number): void {
    this.#counted++
    this.read(value)
  }

  /** Each increment counts once at most, and each that was acknowledged does. */
  read(value: number): void {
    if (this.#unreliable) return
    if (value > this.#attempts) throw new Error(`counted ${value}, in ${this.#attempts} attempts`)
    if (value < this.#counted) throw new Error(`counted ${value}, though ${this.#counted} were acknowledged`)
  }

  listed(values: readonly number[]): void {
    if (this.#unreliable) return
    if (new Set(values).size !== values.length) throw new Error('something was appended twice')
    if (values.some((value, i) => value <= (values[i - 1] ?? 0))) throw new Error('out of order')
  }

  ran(): void {
    this.#runs++
  }

  bumped(value: number): void {
    if (!this.#unreliable && value > this.#runs)
      throw new Error(`a script ran ${value} times, sent ${this.#runs} times`)
  }

  admitted(): void {
    this.#admitted++
    if (!this.#unreliable && this.#admitted > this.limit)
      throw new Error(`R11: ${this.#admitted} were let through`)
  }

  /** The same of the limiter. */
  passed(): void {
    this.#passed++
    if (!this.#unreliable && this.#passed > this.limit)
      throw new Error(`R11: the limiter let ${this.#passed} through`)
  }

  /** The fences of those who asked for one lock at once, and were granted it. */
  fenced(fences: readonly number[]): void {
    if (this.#unreliable) return
    if (fences.length > 1) throw new Error(`R10: ${fences.length} were granted one lock`)
    for (const fence of fences) {
      if (fence <= this.#fence) throw new Error(`R10: fence ${fence} came after ${this.#fence}`)
      this.#fence = fence
    }
  }

  holds(isolate: string): void {
    if (!this.#unreliable && this.#holder !== undefined && this.#holder !== isolate)
      throw new Error(`R10: ${isolate} got a lock that ${this.#holder} has`)
    this.#holder = isolate
  }

  isHolder(isolate: string): boolean {
    return this.#holder === isolate
  }

  lets(): void {
    this.#holder = undefined
  }
}

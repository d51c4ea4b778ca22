/** Something that happens once. Those in the same request may await it; others look whether it is open. */
export class Latch {
  #isOpen = false
  #open!: () => void
  readonly opened: Promise<void> = new Promise((resolve) => {
    this.#open = resolve
  })

  get isOpen(): boolean {
    return this.#isOpen
  }

  open(): void {
    this.#isOpen = true
    this.#open()
  }
}

/** Something that happens once. Code of the same request may await it; that of others polls `isOpen`. */
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

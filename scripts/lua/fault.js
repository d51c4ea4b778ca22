// @ts-check

/** What is wrong with a `.lua` file, and where: the message of an author's mistake. */
export class Fault extends Error {
  /** @param {string} file @param {number} line counted from 1 @param {string} what */
  constructor(file, line, what) {
    super(`${file}:${line}: ${what}`)
    this.name = 'Fault'
  }
}

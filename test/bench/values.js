// @ts-check
import { sample } from './payload.js'

/** A value of about `bytes` that knows its key, which some libraries want. @param {number} bytes */
export function valuesOf(bytes) {
  const data = sample(bytes)
  return (/** @type {string} */ key) => ({ key, ...data })
}

/** Where a value must come from a cache: nothing is made here. @returns {Promise<never>} */
export const nowhere = () => Promise.reject(new Error('this was to be found, and had to be made'))

// @ts-check
// From here the packages of this folder are found, and from nowhere else.

/**
 * One of the caches that this one is compared with, or a client that they need.
 *
 * @param {string} name @returns {Promise<any>}
 */
export const loadPeer = (name) => import(name)

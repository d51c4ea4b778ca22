// @ts-check

/** About `bytes` of plain JSON data, as an API returns it. @param {number} bytes */
export function sample(bytes) {
  const one = JSON.stringify(person(1)).length + 1
  return { users: Array.from({ length: Math.max(1, Math.round(bytes / one)) }, (_, id) => person(id)) }
}

/** @param {number} id */
function person(id) {
  return {
    id,
    name: `Person number ${id}`,
    email: `person${id}@example.com`,
    active: id % 3 !== 0,
    score: id * 1.25,
    tags: ['reader', 'writer', 'editor'],
    manager: null,
  }
}

// @ts-check
// What an error says to people is no behaviour that a test should hold to the letter.
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin'

/** @typedef {{ type: string, callee?: { name?: string }, arguments?: unknown[] }} Node */
/** @typedef {{ node: Node, parentPath: { node: Node } | null }} Path */

/** Whether it is the text that an error is made with: `new TypeError('…')`, and the second of `new CacheError(code, '…')`. @param {Path} path */
function isMessage({ node, parentPath }) {
  const parent = parentPath?.node
  if (node.type !== 'StringLiteral' && node.type !== 'TemplateLiteral') return false
  if (parent?.type !== 'NewExpression' || parent.callee?.name?.endsWith('Error') !== true) return false
  return parent.arguments?.indexOf(node) === (parent.callee?.name === 'CacheError' ? 1 : 0)
}

export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, 'messages', {
    shouldIgnore: (/** @type {any} */ path) => (isMessage(path) ? 'the words of an error' : undefined),
  }),
]

// @ts-check
// Runs a bundle in the edge-runtime VM, sends it one request and prints the answer.
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { EdgeRuntime } from 'edge-runtime'

const [bundle] = process.argv.slice(2)
const runtime = new EdgeRuntime({ initialCode: readFileSync(bundle ?? '', 'utf8') })
const response = await runtime.dispatchFetch('http://edge.test/')
console.log(await response.text())
process.exit(0)

import { connection } from 'next/server'
import type { ReactNode } from 'react'
import { ratesOf, visitsOf } from '../lib/rates'

/** What the routes answer, from the same cache, when the page is asked for: not when it is built. */
export default async function Page(): Promise<ReactNode> {
  await connection()
  // A page without the count is better than none: with Redis out of reach nobody knows it.
  const counted = visitsOf('usd')
    .get()
    .catch(() => undefined)
  const [{ rates, revision }, visits] = await Promise.all([ratesOf('usd'), counted])
  return (
    <main>
      <h1>One dollar</h1>
      <table>
        <tbody>
          {Object.entries(rates).map(([name, rate]) => (
            <tr key={name}>
              <th scope="row">{name.toUpperCase()}</th>
              <td>{rate}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        Revision <code>{revision}</code>; asked for {visits ?? 'an unknown number of'} times today through{' '}
        <a href="/api/rates/usd">Node</a> and <a href="/api/edge/usd">Edge</a>.
      </p>
    </main>
  )
}

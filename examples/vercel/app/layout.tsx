import type { Metadata } from 'next'
import type { ReactNode } from 'react'

export const metadata: Metadata = { title: 'Rates', description: 'A Next.js app behind hybrid-cache' }

export default function Layout({ children }: { readonly children: ReactNode }): ReactNode {
  return (
    <html lang="en">
      <body style={{ font: '16px/1.5 system-ui, sans-serif', margin: '3rem auto', maxWidth: '40rem' }}>
        {children}
      </body>
    </html>
  )
}

import type { NextConfig } from 'next'

const config: NextConfig = {
  // Lock files further up are not this app's.
  turbopack: { root: import.meta.dirname },
  poweredByHeader: false,
}

export default config

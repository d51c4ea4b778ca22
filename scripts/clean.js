// Removes the build, so that a file that was deleted or renamed never stays in the package.
import { rmSync } from 'node:fs'

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true })

import { writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type Service, serve } from './process.ts'
import { workerdProgram } from './programs.ts'

/** How workerd is to behave. */
export interface Compatibility {
  readonly date: string
  readonly flags?: readonly string[]
}

/** Starts workerd itself, with one Worker in one file; `found` is its URL. */
export function startWorkerd(
  bundle: string,
  compatibility: Compatibility,
): Promise<Service & { readonly found: string }> {
  const config = join(dirname(bundle), 'workerd.capnp')
  writeFileSync(config, configuration(basename(bundle), compatibility))
  const args = ['serve', config, '--control-fd=3']
  return serve({ file: workerdProgram(), args }, { ready: urlIn, ms: 20_000 })
}

function configuration(file: string, { date, flags = [] }: Compatibility): string {
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "${file}", esModule = embed "${file}")],
      compatibilityDate = "${date}",
      compatibilityFlags = [${flags.map((flag) => `"${flag}"`).join(', ')}],
    )),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`
}

/** It says on its control stream which port it got. */
function urlIn(output: string): string | undefined {
  const port = /"event":\s*"listen".*?"port":\s*(\d+)/.exec(output)?.[1]
  return port === undefined ? undefined : `http://127.0.0.1:${port}`
}

import { build } from 'esbuild'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** The command line as one file; `npm` packages stay outside it, to be found from where the file is. */
export async function buildCli(outfile: string): Promise<void> {
  await build({
    entryPoints: ['src/dev/cli.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    outfile,
    logLevel: 'silent',
  })
}

/** A running command line. */
export interface CliProcess extends AsyncDisposable {
  readonly child: ChildProcess
  /** What it has printed so far, errors included. */
  output(): string
  /** Waits until it has printed something that matches. Rejects when it ends first. */
  printed(pattern: RegExp): Promise<RegExpExecArray>
  /** Waits until it has ended; gives its exit code or signal. */
  ended(): Promise<number | NodeJS.Signals | null>
}

/** Starts `hybrid-cache` with the arguments. Disposing kills it if a test has left it running. */
export function startCli(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): CliProcess {
  const child = spawn(process.execPath, [file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  const gone = once(child, 'close')
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const ended = async (): Promise<number | NodeJS.Signals | null> => {
    await gone
    return child.exitCode ?? child.signalCode
  }
  return {
    child,
    output: () => output,
    async printed(pattern) {
      for (;;) {
        const found = pattern.exec(output)
        if (found !== null) return found
        const more = Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data')])
        const result = await Promise.race([more, gone.then(() => 'gone' as const)])
        if (result === 'gone' && !pattern.test(output))
          throw new Error(`it ended without ${pattern}: ${output}`)
      }
    },
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await gone
    },
  }
}

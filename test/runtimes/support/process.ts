import { spawn } from 'node:child_process'
import { root } from './built.ts'

/** Only what a program needs to run at all: nothing of the machine's settings may decide a test. */
const bareEnvironment = {
  PATH: process.env['PATH'] ?? '',
  HOME: process.env['HOME'] ?? '',
  NO_COLOR: '1',
  DENO_NO_UPDATE_CHECK: '1',
}

export interface Program {
  readonly file: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Default: the folder of the project. */
  readonly cwd?: string
}

/** Runs a program to its end; what it printed. Rejects where it failed, or did not end in time and was killed. */
export function run({ file, args, env = {}, cwd = root }: Program, { ms }: { ms: number }): Promise<string> {
  const child = spawn(file, args, {
    cwd,
    env: { ...bareEnvironment, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: ms,
    killSignal: 'SIGKILL',
  })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve(out)
      else reject(new Error(`${file} ended with ${code ?? signal}\n${err}\n${out}`.trim()))
    })
  })
}

/** A program that goes on until it is killed. */
export interface Service extends AsyncDisposable {
  readonly pid: number
  /** What it printed until now. */
  output(): string
}

/** Starts a program and waits until `ready` finds in its output what it looks for. */
export async function serve<T>(
  { file, args, env = {}, cwd = root }: Program,
  { ready, ms }: { ready: (output: string) => T | undefined; ms: number },
): Promise<Service & { readonly found: T }> {
  const child = spawn(file, args, {
    cwd,
    env: { ...bareEnvironment, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.once('error', () => resolve())
  })
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await gone
  }
  let output = ''
  try {
    const found = await new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${file} was not ready in ${ms} ms\n${output}`)), ms)
      const read = (text: string): void => {
        output += text
        const value = ready(output)
        if (value === undefined) return
        clearTimeout(timer)
        resolve(value)
      }
      for (const stream of child.stdio.slice(1))
        (stream as NodeJS.ReadableStream).setEncoding('utf8').on('data', read)
      void gone.then(() => {
        clearTimeout(timer)
        reject(new Error(`${file} ended before it was ready\n${output}`))
      })
    })
    return { pid: child.pid ?? 0, output: () => output, found, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** @file Where the faults suite works: a compiled siftrec, a folder of reference results, and how commands run. */
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeTinyShop } from '../fixtures/tiny-shop.ts'

/** How a command ended. */
export interface Ended {
  /** Null after a kill. */
  readonly code: number | null
  readonly stderr: string
}

/** What is done to a command while it runs. */
interface Fault {
  /** Kills it before its so-manieth change of the file system. */
  readonly killAt?: number
  /** Kills it after so many milliseconds. */
  readonly killAfter?: number
  /** Stops it, as Ctrl-C does, when it has said this. */
  readonly stopWhen?: string
  /** Writes there how many changes it made. */
  readonly countIn?: string
}

/** A folder that commands run in. */
export interface Place {
  readonly folder: string
  /** Runs a command. */
  run(args: readonly string[], fault?: Fault): Promise<Ended>
  /** Runs a command that must go well. */
  succeed(args: readonly string[]): Promise<void>
}

/** Makes an empty folder to work in. */
export function makePlace(compiled: string, folder: string): Place {
  mkdirSync(folder, { recursive: true })
  const preload = join(compiled, 'test/reliability/kill-at.js')
  const run = (args: readonly string[], { killAt, killAfter, stopWhen, countIn }: Fault = {}): Promise<Ended> => {
    const env = {
      ...process.env,
      NO_COLOR: '1',
      ...(killAt === undefined ? {} : { SIFTREC_KILL_AT: String(killAt) }),
      ...(countIn === undefined ? {} : { SIFTREC_COUNT_IN: countIn }),
    }
    const watched = killAt !== undefined || countIn !== undefined ? ['--import', preload] : []
    const child = spawn(process.execPath, [...watched, join(compiled, 'src/command/main.js'), ...args], {
      cwd: folder,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter)
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
      if (stopWhen !== undefined && stderr.includes(stopWhen)) child.kill('SIGINT')
    })
    return new Promise((resolve) =>
      child.on('close', (code) => {
        clearTimeout(timer)
        resolve({ code, stderr })
      }),
    )
  }
  return {
    folder,
    run,
    async succeed(args) {
      const { code, stderr } = await run(args)
      if (code !== 0) throw new Error(`siftrec ${args.join(' ')} ended with ${code}: ${stderr}`)
    },
  }
}

/** Writes the shop that the commands below read. */
export function writeShop({ folder }: Place): void {
  writeTinyShop(folder)
}

/** The commands that are disturbed. */
export const commands = {
  prepare: (out: string) =>
    ['prepare', '--events', 'events.csv', '--items', 'items.csv', '--config', 'shop.yaml', '--out', out] as const,
  simulate: (out: string) => ['simulate', '--users', '30', '--items', '100', '--sessions', '3', '--out', out] as const,
  train: (out: string, { seed = 7, epochs = 4 } = {}) => {
    const sizes = ['--hidden-size', '16', '--batch-size', '16', '--threads', '1', '--seed', String(seed)]
    return ['train', 'sasrec', 'data', '--out', out, ...sizes, '--epochs', String(epochs), '--patience', String(epochs)]
  },
  resume: (out: string) => ['train', '--resume', out] as const,
}

/** Every file of a folder by name, hidden ones too. */
export function filesIn(folder: string): Map<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort()
  return new Map(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, 'latin1')]))
}

/** Whether two folders hold the same files with the same bytes. */
export function isSame(a: string, b: string): boolean {
  const [first, second] = [filesIn(a), filesIn(b)]
  return first.size === second.size && [...first].every(([name, content]) => second.get(name) === content)
}

/** Copies a folder to a place that is emptied first. */
export function copy(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true })
  cpSync(from, to, { recursive: true })
}

/** Does so many jobs, some of them at once, and returns what they found, in order. */
export async function inTurns<T>(count: number, atOnce: number, job: (at: number) => Promise<T>): Promise<T[]> {
  const found: T[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < count) {
      const at = next++
      found[at] = await job(at)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return found
}

/** Whether what a command printed last is one sentence of ours, not a stack. */
export function isOneSentence({ code, stderr }: Ended): boolean {
  const last = stderr.trim().split('\n').at(-1) ?? ''
  return (
    code === 2 &&
    last.length <= 300 &&
    /: (?:missing|unknown|invalid|duplicate|mismatched|unsupported|empty|corrupted|leaked|busy): /.test(last) &&
    !stderr.includes('this is a bug')
  )
}

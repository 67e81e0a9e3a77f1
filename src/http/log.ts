/** @file The log: a JSON line an entry, or a line to read in a terminal. */
import pc from 'picocolors'
import { type Logger, pino } from 'pino'

export type { Logger } from 'pino'

/** Where lines go. */
interface Out {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** @param quiet whether only warnings and errors are logged */
export function serviceLog({ quiet, out = process.stdout }: { readonly quiet: boolean; readonly out?: Out }): Logger {
  const options = { base: null, level: quiet ? 'warn' : 'info', timestamp: pino.stdTimeFunctions.isoTime }
  return pino(options, out.isTTY ? { write: (line) => out.write(readable(line)) } : out)
}

const levels: Readonly<Record<number, (text: string) => string>> = { 40: pc.yellow, 50: pc.red, 60: pc.red }

interface Entry {
  readonly level: number
  readonly time: string
  readonly msg: string
  readonly err?: { readonly stack?: string }
  readonly [detail: string]: unknown
}

/** `21:04:11 request (method GET, route /v1/about, status 200, ms 3.1)`, with the stack of an error below. */
function readable(line: string): string {
  const { level, time, msg, err, ...more } = JSON.parse(line) as Entry
  const details = Object.entries(more).map(([key, value]) => `${key} ${String(value)}`)
  const told = details.length > 0 ? pc.dim(` (${details.join(', ')})`) : ''
  const stack = err?.stack === undefined ? '' : `\n${err.stack}`
  return `${pc.dim(time.slice(11, 19))} ${(levels[level] ?? String)(msg)}${told}${stack}\n`
}

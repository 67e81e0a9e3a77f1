/** @file Ctrl-C: the first one ends the work cleanly, the second one exits at once. */
import { exitCodes } from './failure.ts'

const signals = ['SIGINT', 'SIGTERM'] as const

/** What becomes of work that is stopped, in words, and where they are written. */
interface Told {
  readonly what?: string
  readonly err?: NodeJS.WritableStream
}

/** Runs work that Ctrl-C can end early and cleanly: it aborts the signal that the work receives. */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { what = 'finishing this step and saving', err = process.stderr }: Told = {},
): Promise<T> {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted)
    err.write(`\nstopping: ${what}; press Ctrl-C again to exit at once\n`)
    controller.abort()
  }
  for (const signal of signals) process.on(signal, stop)
  try {
    return await work(controller.signal)
  } finally {
    for (const signal of signals) process.off(signal, stop)
  }
}

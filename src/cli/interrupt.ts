/** @file Ctrl-C: the first one lets the step finish and saves, the second one leaves at once. */
import { exitCodes } from './failure.ts'

const signals = ['SIGINT', 'SIGTERM'] as const

/** Runs work that ends early and cleanly when its signal is aborted by Ctrl-C. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted)
    process.stderr.write('\nstopping: finishing this step and saving; once more to leave at once\n')
    controller.abort()
  }
  for (const signal of signals) process.on(signal, stop)
  try {
    return await work(controller.signal)
  } finally {
    for (const signal of signals) process.off(signal, stop)
  }
}

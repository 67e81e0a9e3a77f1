/** @file Whether parts of a loss came below what doing nothing costs. */
import type { RunResult } from './train-run.ts'

/** A line on the epoch that was kept; none for a model whose loss has no such part. */
export function idleText({ idle = [], best, history }: Pick<RunResult, 'idle' | 'best' | 'history'>): string[] {
  const kept = history.find(({ epoch }) => epoch === best?.epoch)
  const told = idle.flatMap(({ part, said, cost }) => {
    const reached = kept?.parts[part]
    return reached === undefined ? [] : [`${said} cost ${reached.toFixed(4)}, doing nothing ${cost.toFixed(4)}`]
  })
  return told.length === 0 ? [] : [`in epoch ${kept?.epoch} ${told.join('; ')}`]
}

/** @file Whether the parts of a model that take noise out do so: their losses beside those of changing nothing. */
import type { RunResult } from './train-run.ts'

/** A line for each such part, on the epoch that was kept; none for a model whose loss has no such part. */
export function idleText({ idle = [], best, history }: Pick<RunResult, 'idle' | 'best' | 'history'>): string[] {
  const kept = history.find(({ epoch }) => epoch === best?.epoch)
  return idle.flatMap(({ part, said, cost }) => {
    const reached = kept?.parts[part]
    if (reached === undefined) return []
    const [loss, unchanged] = [reached.toFixed(4), cost.toFixed(4)]
    return reached < cost
      ? [
          `${said} removes noise: its loss is ${loss} in epoch ${kept?.epoch}, and would be ${unchanged} if it changed nothing`,
        ]
      : [
          `${said} removes no noise: its loss is ${loss} in epoch ${kept?.epoch}, no better than ${unchanged} for changing nothing`,
        ]
  })
}

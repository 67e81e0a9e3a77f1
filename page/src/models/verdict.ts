/** @file What the evaluations say of the run that is served. */
import type { EvaluationFacts, IntervalFacts, MeasuredRun, RunFacts } from '../../../src/serve/run-facts.ts'

/** A difference in words: an interval that crosses 0 shows none, and so does one that was not measured. */
export type Verdict = 'better' | 'worse' | 'no difference shown'

/** How two runs differ. */
export function verdictOf({ low, high }: IntervalFacts): Verdict {
  if (low !== undefined && low > 0) return 'better'
  return high !== undefined && high < 0 ? 'worse' : 'no difference shown'
}

/** A run and how good it was, if it was measured. */
export interface Row {
  readonly run: RunFacts
  readonly measured?: MeasuredRun
}

/** One run less another, for the same visitors. */
export interface Difference {
  readonly other: string
  readonly metric: string
  readonly interval: IntervalFacts
}

/** The figure that runs are compared by: NDCG of ten, or the first there is. */
export const mainFigure = ({ runs }: EvaluationFacts): string | undefined => {
  const keys = Object.keys(runs[0]?.figures ?? {})
  return keys.find((key) => key === 'ndcg@10') ?? keys[0]
}

/** `ndcg@10` as `NDCG@10`. */
export const printedKey = (key: string): string => key.toUpperCase()

/** All runs, the best first; those that were not measured last. */
export function rowsOf(runs: readonly RunFacts[], evaluation: EvaluationFacts | undefined): Row[] {
  const key = evaluation && mainFigure(evaluation)
  const worth = ({ measured }: Row): number =>
    (key === undefined ? undefined : measured?.figures[key]?.mean) ?? Number.NEGATIVE_INFINITY
  return runs
    .map((run): Row => {
      const measured = evaluation?.runs.find((one) => one.run === run.name)
      return { run, ...(measured && { measured }) }
    })
    .sort((a, b) => worth(b) - worth(a) || a.run.name.localeCompare(b.run.name))
}

/** The run of this name in an evaluation less every other one. */
export function differencesOf({ differences }: EvaluationFacts, name: string): Difference[] {
  return differences.flatMap(({ run, less, metric, difference }) => {
    if (run === name) return [{ other: less, metric, interval: difference }]
    return less === name ? [{ other: run, metric, interval: turned(difference) }] : []
  })
}

/** What a line of an evaluation is called: by its model, unless its name says more. */
export function titleIn({ runs }: EvaluationFacts, name: string): string {
  const run = runs.find((one) => one.name === name)
  return run && run.name === run.model ? run.title : name
}

const turned = ({ mean, low, high }: IntervalFacts): IntervalFacts => ({
  mean: -mean,
  ...(high !== undefined && { low: -high }),
  ...(low !== undefined && { high: -low }),
})

/** The run that is shown to be better than the served one, the best of several. */
export function betterThan(
  evaluation: EvaluationFacts,
  served: MeasuredRun,
): { readonly run: MeasuredRun; readonly by: Difference } | undefined {
  const [worst] = differencesOf(evaluation, served.name)
    .filter(({ interval }) => verdictOf(interval) === 'worse')
    .sort((a, b) => a.interval.mean - b.interval.mean)
  const run = evaluation.runs.find(({ name }) => name === worst?.other)
  return worst && run && { run, by: worst }
}

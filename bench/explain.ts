/**
 * @file `npm run -s bench -- explain RUN`: milliseconds of the processor that the reasons for ten recommended items
 * take beside the scores of the catalog, by a run that ranks.
 */
import { historyBefore } from '../src/dataset/histories.ts'
import type { History } from '../src/dataset/schema.ts'
import { topItems } from '../src/dataset/top-items.ts'
import { UserError } from '../src/errors.ts'
import { openRun } from '../src/runs/open-run.ts'
import { type BenchResult, median } from './result.ts'

const count = 100
const listLength = 10

/** The median over users, just before their validation targets. */
export async function explain(): Promise<BenchResult> {
  const folder = process.argv[3]
  if (folder === undefined) throw new UserError({ where: 'bench explain', problem: 'missing', value: 'a run' })
  await using run = await openRun(folder)
  const { scorer, dataset, split, maxLength } = run
  if (!scorer.explain)
    throw new UserError({
      where: folder,
      problem: 'unsupported',
      value: run.run.model,
      expected: 'a model that says why',
    })
  const [scoring, explaining]: [number[], number[]] = [[], []]
  const histories = Array.from(split.validation.subarray(0, count), (row) => {
    const [user, time] = [dataset.events.user[row] as number, dataset.events.time[row] as number]
    return historyBefore(dataset.events, user, time, { maxLength })
  })
  for (const history of histories.filter(({ item }) => item.length > 0)) {
    let scores: Float32Array = new Float32Array(0)
    scoring.push(await processorOf(async () => (scores = await scorer.score([history]))))
    const items = topItems(scores, listLength, new Set()).map(({ item }) => item)
    explaining.push(await processorOf(() => scorer.explain?.(history, items)))
  }
  const [ours, peer] = [median(explaining), median(scoring)]
  const events = median(histories.map(({ item }: History) => item.length))
  const settings = { model: run.run.model, maxLength, events, items: scorer.itemCount, histories: scoring.length }
  return { name: 'explain', ours, peer, ratio: ours / peer, unit: 'ms/list', settings }
}

/** Milliseconds of all threads. */
async function processorOf(work: () => Promise<unknown> | undefined): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e3
}

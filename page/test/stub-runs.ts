/** @file Runs and an evaluation, as `GET /v1/runs` tells them. */
import type { RunFacts, RunsAnswer } from '../../src/serve/run-facts.ts'

const titles: Readonly<Record<string, string>> = {
  m3bsr: 'M³BSR',
  sasrec: 'SASRec',
  'item-knn': 'item-kNN',
  popularity: 'popularity',
}
const titleOf = (model: string): string => titles[model] ?? model

function run(name: string, model: string, epochs: number, [from, to]: [number, number] = [0, 0]): RunFacts {
  const trained = epochs > 0
  return {
    name,
    model,
    title: titleOf(model),
    dataset: 'films',
    fingerprint: name,
    config: trained ? { hiddenSize: 64, maxLength: 50, layers: 1, heads: 2, dropout: 0.2 } : {},
    training: trained
      ? { epochs: 40, patience: 6, batchSize: 128, learningRate: 0.001, weightDecay: 0, seed: 1, threads: 2 }
      : null,
    split: { protocol: 'leave-one-out', testShare: 0.2, validationShare: 0.1 },
    trained: Date.UTC(2026, 10, 24),
    epochs: Array.from({ length: epochs }, (_, at) => ({
      epoch: at + 1,
      loss: 6 - 1.6 * Math.sqrt(at / 30),
      validation: from + (to - from) * Math.sqrt(at / epochs) + 0.004 * Math.sin(at),
    })),
    ...(trained && { best: epochs - 2, keptBy: 'validation' as const }),
  }
}
const measured = (name: string, run: string, mean: number, right: number) => ({
  name,
  model: name,
  title: titleOf(name),
  run,
  targets: 500,
  users: 500,
  figures: {
    'ndcg@10': { mean, low: mean - 0.02, high: mean + 0.022 },
    'hr@10': { mean: right, low: right - 0.03, high: right + 0.04 },
  },
})
const less = (run: string, other: string, mean: number, half: number) => ({
  run,
  less: other,
  metric: 'NDCG@10',
  difference: { mean, low: mean - half, high: mean + half },
})

export const stubRuns: RunsAnswer = {
  runs: [
    run('films-m3bsr', 'm3bsr', 15, [0.03, 0.1]),
    run('films-sasrec', 'sasrec', 30, [0.02, 0.125]),
    run('films-knn', 'item-knn', 0),
    run('films-popular', 'popularity', 0),
  ],
  evaluations: [
    {
      file: 'test.json',
      part: 'test',
      written: Date.UTC(2026, 10, 25),
      runs: [
        measured('sasrec', 'films-sasrec', 0.111, 0.2),
        measured('m3bsr', 'films-m3bsr', 0.073, 0.152),
        measured('item-knn', 'films-knn', 0.083, 0.174),
        measured('popularity', 'films-popular', 0.021, 0.042),
      ],
      differences: [
        less('sasrec', 'm3bsr', 0.038, 0.022),
        less('m3bsr', 'item-knn', -0.009, 0.024),
        less('m3bsr', 'popularity', 0.053, 0.018),
      ],
    },
  ],
}

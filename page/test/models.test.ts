import { describe, expect, it } from 'vitest'
import { endsOf } from '../src/models/interval.tsx'
import { qualitySaid } from '../src/models/training-charts.tsx'
import { betterThan, differencesOf, mainFigure, rowsOf, titleIn, verdictOf } from '../src/models/verdict.ts'
import { stubRuns } from './stub-runs.ts'

const [evaluation] = stubRuns.evaluations
if (!evaluation) throw new Error('the stub has an evaluation')
const served = evaluation.runs.find(({ name }) => name === 'm3bsr')
if (!served) throw new Error('the stub measured m3bsr')

describe('a difference', () => {
  it('is none where its interval crosses 0, or was not measured', () => {
    expect(verdictOf({ mean: 0.1, low: 0.01, high: 0.2 })).toBe('better')
    expect(verdictOf({ mean: -0.1, low: -0.2, high: -0.01 })).toBe('worse')
    expect(verdictOf({ mean: 0.1, low: -0.01, high: 0.2 })).toBe('no difference shown')
    expect(verdictOf({ mean: 0.1 })).toBe('no difference shown')
  })

  it('is turned round where the run is the one that is taken off', () => {
    const [first] = differencesOf(evaluation, 'm3bsr')
    expect(first?.other).toBe('sasrec')
    expect(first?.interval.mean).toBeCloseTo(-0.038)
    expect(first?.interval.low).toBeCloseTo(-0.06)
    expect(first?.interval.high).toBeCloseTo(-0.016)
  })
})

describe('the runs', () => {
  it('are called by their models in a difference, unless the evaluation tells several of one apart', () => {
    expect(titleIn(evaluation, 'item-knn')).toBe('item-kNN')
    const several = { ...evaluation, runs: [{ ...served, name: 'm3bsr films-m3bsr' }] }
    expect(titleIn(several, 'm3bsr films-m3bsr')).toBe('m3bsr films-m3bsr')
  })

  it('stand best first, those not measured last', () => {
    expect(mainFigure(evaluation)).toBe('ndcg@10')
    expect(rowsOf(stubRuns.runs, evaluation).map(({ run }) => run.model)).toEqual([
      'sasrec',
      'item-knn',
      'm3bsr',
      'popularity',
    ])
    const name = 'films-sasrec'
    const unmeasured = { ...evaluation, runs: evaluation.runs.filter(({ run }) => run !== name) }
    expect(rowsOf(stubRuns.runs, unmeasured).at(-1)?.run.name).toBe(name)
  })

  it('have a better one than the served one only where that is shown', () => {
    expect(betterThan(evaluation, served)?.run.name).toBe('sasrec')
    const unsure = { ...evaluation, differences: evaluation.differences.slice(1) }
    expect(betterThan(unsure, served)).toBeUndefined()
  })

  it('share one axis with 0 on it', () => {
    const [from, to] = endsOf([{ mean: 0.1, low: 0.05, high: 0.2 }])
    expect(from).toBe(0)
    expect(to).toBeGreaterThan(0.2)
  })
})

it('the chart of trainings says that the log loss of models of clicks is better when it is lower', () => {
  const [ranks, clicks] = [{ keptBy: 'validation' }, { keptBy: 'validation log loss' }] as const
  expect(qualitySaid([ranks, {}])).toMatch(/Higher is better\.$/)
  expect(qualitySaid([clicks])).toMatch(/^Log loss .*Lower is better\.$/)
  expect(qualitySaid([ranks, clicks])).toMatch(/Higher is better, but lower for models of clicks/)
})

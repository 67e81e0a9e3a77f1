import { describe, expect, it } from 'vitest'
import type { Report } from './evaluate.ts'
import { printInterval } from './printing.ts'
import { printClickReports, printReports } from './report.ts'

const figure = { mean: 0.08123, low: 0.0741, high: 0.0884 }
const all = {
  title: 'All targets',
  about: 'every target',
  targets: 66,
  users: 60,
  full: { 'ndcg@10': figure },
  sampled99: { 'ndcg@10': { mean: 0.4, low: 0.35, high: 0.45 } },
}
const report: Report = {
  model: 'popularity',
  dataset: { name: 'movies', hash: '0' },
  protocol: 'time',
  part: 'test',
  candidates: 'untargeted',
  seed: 7,
  ks: [10],
  emptyHistories: 2,
  slices: { all },
}

describe('printInterval', () => {
  it('shows the mean and its bounds', () => {
    expect(printInterval(figure)).toBe('0.0812 [0.074, 0.088]')
    expect(printInterval({ mean: 0.5 })).toBe('0.5000')
  })
})

describe('printReports', () => {
  it('prints plain tables, the full catalog first and the sampled negatives apart', () => {
    expect(printReports([report, { ...report, model: 'item-knn' }], { plain: true })).toBe(
      [
        'movies, time split, test: 66 targets of 60 users, 2 with no history, answered by popularity and counted in (seed 7)',
        '',
        'Full catalog, less the items the user had as targets before',
        '         popularity             item-knn',
        'NDCG@10  0.0812 [0.074, 0.088]  0.0812 [0.074, 0.088]',
        '',
        '99 sampled negatives, none of which the user ever touched, as the target may be: whoever names the history wins',
        '         popularity             item-knn',
        'NDCG@10  0.4000 [0.350, 0.450]  0.4000 [0.350, 0.450]',
      ].join('\n'),
    )
  })

  it('says no more of sampled negatives where no target was touched', () => {
    const printed = printReports([{ ...report, candidates: 'unseen' }], { plain: true })
    expect(printed).toMatch(/^99 sampled negatives$/m)
  })

  it('heads a column by the name of a run, where the model says too little', () => {
    const named = ['m3bsr seed 1', 'm3bsr seed 2'].map((name) => ({ ...report, model: 'm3bsr', name }))
    expect(printReports(named, { plain: true })).toMatch(/^ +m3bsr seed 1 +m3bsr seed 2$/m)
  })

  it('ends with the metrics of lists, where every report has them', () => {
    const lists = { 'coverage@10': 0.25, 'novelty@10': 7.125, 'diversity@10': 0.5 }
    const printed = printReports([{ ...report, lists }], { plain: true })
    expect(printed).toMatch(
      /\n\nLists of all targets\n +popularity\ncoverage@10 +0\.2500\nnovelty@10 +7\.1250\ndiversity@10 +0\.5000$/,
    )
    expect(printReports([{ ...report, lists }, report], { plain: true })).not.toContain('Lists')
  })

  it('adds the slices, and draws boxes for a terminal', () => {
    const coldStart = { ...all, title: 'Cold start', about: 'at most 10 earlier events', targets: 4, users: 3 }
    const printed = printReports([{ ...report, slices: { all, coldStart } }], { plain: false })
    expect(printed).toContain('Cold start (at most 10 earlier events; 4 targets of 3 users), full catalog')
    expect(printed).toContain('Cold start (at most 10 earlier events; 4 targets of 3 users), 99 sampled negatives')
    expect(printed).toContain('│ NDCG@10 │ 0.0812 [0.074, 0.088] │')
  })

  it('prints nothing of nothing, and refuses reports that cannot stand side by side', () => {
    expect(printReports([], { plain: true })).toBe('')
    expect(() => printReports([report, { ...report, model: 'sasrec', part: 'validation' }], { plain: true })).toThrow(
      'popularity and sasrec: mismatched',
    )
  })
})

describe('printClickReports', () => {
  const auc = { mean: 0.727, low: 0.7251, high: 0.7289 }
  const report = {
    model: 'din',
    impressions: 1000,
    clicks: 440,
    users: 60,
    usersOfBoth: 55,
    figures: {
      auc,
      gauc: auc,
      logLoss: { mean: 0.6, low: 0.59, high: 0.61 },
      calibration: { mean: 1.02 },
      calibrationError: { mean: 0.03 },
    },
    reliability: [],
  }

  it('prints a row a model', () => {
    expect(printClickReports([report, { ...report, model: 'diff-msin' }], { plain: true })).toBe(
      [
        '1000 impressions of 60 users, 440 clicked (44.0 %); GAUC over the 55 users who have both',
        '',
        'model      AUC                    GAUC                   log loss               calibration  calibration error',
        'din        0.7270 [0.725, 0.729]  0.7270 [0.725, 0.729]  0.6000 [0.590, 0.610]  1.0200       0.0300',
        'diff-msin  0.7270 [0.725, 0.729]  0.7270 [0.725, 0.729]  0.6000 [0.590, 0.610]  1.0200       0.0300',
      ].join('\n'),
    )
    expect(printClickReports([report], { plain: false })).toContain('│ din   │ 0.7270 [0.725, 0.729] │')
  })

  it('says which model is worse than a constant', () => {
    const loss = (model: string, mean: number) => ({
      ...report,
      model,
      figures: { ...report.figures, logLoss: { mean } },
    })
    const lines = printClickReports([loss('din', 4.29), loss('fm', 0.6), loss('base rate', 0.69)], { plain: true })
    expect(lines.split('\n').slice(-1)).toEqual([
      'din has worse probabilities than a constant: log loss 4.2900, the base rate has 0.6900',
    ])
  })

  it('prints nothing of nothing, and refuses reports on other impressions', () => {
    expect(printClickReports([], { plain: true })).toBe('')
    expect(() => printClickReports([report, { ...report, model: 'lr', clicks: 441 }], { plain: true })).toThrow(
      'din and lr: mismatched: 1000 impressions of 60 users, 441 clicked, expected 1000 impressions of 60 users, 440 clicked',
    )
  })
})

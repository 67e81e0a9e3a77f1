/** @file `docs/results/README.md`: every table and figure of the three papers, our command, and what both found. */
import { existsSync, readFileSync } from 'node:fs'
import { markdownTable } from '../src/evaluate/printing.ts'
import { experiments } from '../src/experiment/studies/experiments.ts'
import type { Metric } from '../src/experiment/terms.ts'
import { printedFigure } from '../src/metrics/table.ts'

/** What `siftrec experiment` wrote, as far as it is read here. */
interface StoredResults {
  readonly rows?: readonly StoredRow[]
  readonly comparisons?: readonly StoredComparison[]
  readonly datasets?: readonly { readonly dataset: string }[]
  readonly findings?: readonly Readonly<Record<string, unknown>>[]
}
interface StoredRow {
  readonly model: string
  readonly options: unknown
  readonly dataset: string
  readonly split: string
  readonly protocol: string
  readonly metric: string
  readonly mean: number
  readonly seeds: readonly number[]
  readonly slice?: string
}
interface StoredComparison {
  readonly title: string
  readonly seeds: readonly number[]
  readonly slice?: string
  readonly protocol: { readonly split: { readonly protocol: string } }
  readonly variants: readonly StoredVariant[]
}
interface StoredVariant {
  readonly variant: string
  readonly model: string
  readonly options: unknown
  readonly dataset: string
  readonly difference?: Readonly<Record<string, { readonly mean: number }>> & { readonly against: string }
}

/** A table or figure of a paper. */
interface Published {
  readonly name: string
  /** What it is of. */
  readonly about: string
  /** What the paper has, in short. */
  readonly theirs: string
  /** The experiment that makes ours. */
  readonly experiment: string
  /** An earlier experiment whose results stand until that one has been run. */
  readonly before?: string
  /** What ours has, in short. */
  readonly ours?: (results: StoredResults) => string
}

/** A figure of a variant in the full catalog or of impressions; undefined where it was not run. */
function figureOf({ rows = [] }: StoredResults, comparison: StoredComparison, variant: string, metric: string) {
  const found = comparison.variants.find((one) => one.variant === variant)
  const row = rows.find(
    (row) =>
      row.model === found?.model &&
      row.dataset === found.dataset &&
      row.split === comparison.protocol.split.protocol &&
      row.slice === comparison.slice &&
      row.protocol !== 'sampled99' &&
      row.metric === metric &&
      JSON.stringify([row.options, row.seeds]) === JSON.stringify([found.options, comparison.seeds]),
  )
  return row?.mean
}

/** What is told of each comparison, after its title. */
const ofEach =
  (told: (comparison: StoredComparison, results: StoredResults) => string | undefined) =>
  (results: StoredResults): string =>
    (results.comparisons ?? [])
      .flatMap((comparison) => {
        const text = told(comparison, results)
        return text === undefined ? [] : [`${comparison.title}: ${text}`]
      })
      .join('; ')

/** Variants beside each other, in every comparison that has the first of them. */
const beside = (metric: Metric, ...variants: readonly string[]) =>
  ofEach((comparison, results) => {
    if (!comparison.variants.some(({ variant }) => variant === variants[0])) return undefined
    const told = variants.flatMap((variant) => {
      const figure = figureOf(results, comparison, variant, metric)
      return figure === undefined ? [] : [`${variant} ${figure.toFixed(4)}`]
    })
    return told.length === 0 ? undefined : `${printedFigure(metric)} ${told.join(', ')}`
  })

/** The variant that loses most against the whole model, in every comparison. */
const mostLost = (metric: Metric) =>
  ofEach(({ variants }) => {
    const [worst] = variants
      .flatMap(({ variant, difference }) => (difference?.[metric] ? [{ variant, mean: difference[metric].mean }] : []))
      .toSorted((a, b) => a.mean - b.mean)
    return worst && `largest loss ${worst.mean.toFixed(4)} ${printedFigure(metric)} (${worst.variant})`
  })

/** The best variant, in every comparison. */
const best = (metric: Metric) =>
  ofEach((comparison, results) => {
    const [first] = comparison.variants
      .flatMap(({ variant }) => {
        const figure = figureOf(results, comparison, variant, metric)
        return figure === undefined ? [] : [{ variant, figure }]
      })
      .toSorted((a, b) => b.figure - a.figure)
    return first && `best ${printedFigure(metric)} ${first.figure.toFixed(4)} (${first.variant})`
  })

/** The data sets that the statistics have. */
const counted = ({ datasets = [] }: StoredResults): string => datasets.map(({ dataset }) => dataset).join(', ')

const statistics = (name: string, theirs: string): Published => ({
  name,
  about: 'the data sets in numbers',
  theirs,
  experiment: 'statistics',
  ours: counted,
})
/** What was timed. */
const timed = ({ findings = [] }: StoredResults): string =>
  findings
    .map(({ variant, epochSeconds, predictionSeconds }) =>
      [variant, epochSeconds, 'and', predictionSeconds].map(String).join(' '),
    )
    .join(', ')

const papers: Readonly<Record<string, readonly Published[]>> = {
  'M³BSR': [
    {
      name: 'Fig. 1',
      about: 'what pictures and texts are worth by behavior',
      theirs: 'pictures lead clicks; pictures and texts lead favorites alike, as language models judge',
      experiment: 'm3bsr-modality-by-behavior',
      ours: ({ findings = [] }) =>
        findings
          .flatMap(({ behavior, share, planted }) =>
            Array.isArray(share)
              ? [
                  `${String(behavior)}: ${Number(share[0]).toFixed(3)} of the picture, ${Number(planted).toFixed(3)} planted`,
                ]
              : [],
          )
          .join('; '),
    },
    statistics('Table 1', 'Rec-Tmal, Kuaishou'),
    {
      name: 'Table 2',
      about: 'M³BSR beside 16 models',
      theirs:
        'among 99 negatives HR@10 0.3207 on Rec-Tmal, where SASRec has 0.1662; 0.2603 on Kuaishou, where it has 0.1001',
      experiment: 'm3bsr-table2',
      ours: beside('hr@10', 'M³BSR', 'SASRec'),
    },
    {
      name: 'Fig. 3',
      about: 'without each part',
      theirs: 'each part is worth something, the experts most',
      experiment: 'm3bsr-ablation',
      ours: mostLost('ndcg@10'),
    },
    {
      name: 'Fig. 4',
      about: 'steps and weights of the losses',
      theirs: 'best at 10 steps and weights of 0.02, a temperature of 0.3 and a weight of 0.05',
      experiment: 'm3bsr-heatmaps',
      ours: best('hr@10'),
    },
    {
      name: 'Table 3',
      about: 'users with at most ten events',
      theirs: 'HR@10 M³BSR 0.2897, EBM 0.2560, MMMLP 0.2413, STOSA 0.2186',
      experiment: 'm3bsr-cold-start',
      ours: beside('hr@10', 'M³BSR', 'EBM', 'MMMLP', 'STOSA'),
    },
    {
      name: 'Fig. 5',
      about: 'items before and after denoising, and with an MLP in its place',
      theirs: 'compact clusters after denoising, dispersed ones after an MLP',
      experiment: 'm3bsr-tsne',
      ours: ({ findings = [] }) =>
        findings
          .map(({ comparison, vectors, purity }) => {
            const { mean } = purity as { mean: number }
            return `${String(comparison)}, ${String(vectors)}: neighbor purity ${mean}`
          })
          .join('; '),
    },
    {
      name: 'Table 4',
      about: 'seconds an epoch and a prediction',
      theirs: 'M³BSR 35.2 and 0.16, EBM 32.5 and 0.13, MMMLP 28.7 and 0.09, STOSA 25.3 and 0.07',
      experiment: 'm3bsr-efficiency',
      ours: timed,
    },
  ],
  'Diff-MSIN': [
    statistics('Table 1', 'Home, Clothing, Arts, Rec-Tmall'),
    {
      name: 'Table 2',
      about: 'Diff-MSIN beside 14 models',
      theirs: 'AUC 0.7270 on Rec-Tmall, where DIN has 0.6839; 0.7543, 0.7331 and 0.7312 on Home, Clothing and Arts',
      experiment: 'diff-msin-table2',
      before: 'ctr',
      ours: beside('auc', 'Diff-MSIN + DIN', 'NAML', 'LMF', 'EM3', 'DIN', 'LR'),
    },
    {
      name: 'Table 3',
      about: 'four behavior models alone and under Diff-MSIN',
      theirs: 'every one gains, TWIN on Rec-Tmall from 0.7095 to 0.7293',
      experiment: 'diff-msin-table3',
      before: 'ctr-backbones',
      ours: beside('auc', 'TWIN', 'Diff-MSIN + TWIN'),
    },
    {
      name: 'Table 4',
      about: 'without each module',
      theirs: 'most is lost w/o MFE, SRC, FDAF, 1.29 % on Rec-Tmall',
      experiment: 'diff-msin-table4',
      before: 'diff-msin-ablation',
      ours: mostLost('auc'),
    },
    {
      name: 'Fig. 3',
      about: 'without a modality',
      theirs: 'both are worth something',
      experiment: 'diff-msin-modalities',
      before: 'diff-msin-ablation',
      ours: mostLost('auc'),
    },
    {
      name: 'Fig. 4',
      about: 'without an expert',
      theirs: 'all are worth something',
      experiment: 'diff-msin-experts',
      before: 'diff-msin-ablation',
      ours: mostLost('auc'),
    },
    {
      name: 'Table 5',
      about: 'where vectors come from',
      theirs: 'CLIP, a Transformer, BERT and VGG differ little: 0.7537, 0.7510, 0.7496 on Home',
      experiment: 'diff-msin-sources',
      before: 'diff-msin-sweep',
      ours: beside('auc', 'CLIP', 'texts by the sentence encoder', 'texts by the local encoder', 'random vectors'),
    },
    {
      name: 'Fig. 5',
      about: 'the number of steps',
      theirs: 'best at T = 12, 0.7264; 0.7203 at 5, 0.7192 at 20',
      experiment: 'diff-msin-steps',
      before: 'diff-msin-sweep',
      ours: beside('auc', 'T = 5', 'T = 12', 'T = 20'),
    },
    {
      name: 'Fig. 6',
      about: 'the weights of its losses',
      theirs: 'small and large weights both cost',
      experiment: 'diff-msin-weights',
      before: 'diff-msin-sweep',
      ours: mostLost('auc'),
    },
    {
      name: 'Table 6',
      about: 'seconds an epoch and a prediction',
      theirs: 'SimCEN 77.0 and 0.18, EM3 78.7 and 0.17, MAKE 89.5 and 0.33, Diff-MSIN 97.3 and 0.36',
      experiment: 'diff-msin-efficiency',
      ours: timed,
    },
    {
      name: 'Fig. 7',
      about: 'one user and two items',
      theirs: 'the items are not clicked, and Diff-MSIN says so more surely than EM3',
      experiment: 'diff-msin-case',
      ours: ({ findings = [] }) =>
        findings
          .flatMap(({ title, model, probability }) =>
            typeof title === 'string' ? [`${title}: ${String(model)} ${String(probability)}`] : [],
          )
          .join('; '),
    },
  ],
  SGP4SR: [
    statistics('Table 1', 'Pantry, Baby, Clothing, Office'),
    {
      name: 'Table 2',
      about: 'SGP4SR beside nine models',
      theirs: 'on Baby NDCG@10 0.0283, where MISSRec has 0.0247 and SASRec 0.0192',
      experiment: 'baby',
      ours: beside('ndcg@10', 'SGP4SR', 'MISSRec', 'SASRec'),
    },
    {
      name: 'Table 2, with pictures',
      about: 'the same on a set with CLIP’s vectors',
      theirs: 'on Pantry NDCG@10 0.0380, where MISSRec has 0.0365 and SASRec 0.0214',
      experiment: 'scientific',
      ours: beside('ndcg@10', 'SGP4SR', 'MISSRec', 'SASRec'),
    },
    {
      name: 'Table 3',
      about: 'without each part',
      theirs: 'most is lost w/o C2C: on Baby NDCG@10 0.0217 of 0.0283',
      experiment: 'sgp4sr-ablation',
      ours: mostLost('ndcg@10'),
    },
    {
      name: 'Fig. 3',
      about: 'wrong pictures',
      theirs: 'with half of them wrong SGP4SR loses 6 %, HR@10 of SASRecF 23.06 %',
      experiment: 'noise',
      ours: beside('ndcg@10', 'SGP4SR 0 %', 'SGP4SR 50 %', 'SASRecF 0 %', 'SASRecF 50 %'),
    },
    {
      name: 'Fig. 4',
      about: 'the number of interest centers k',
      theirs: 'best at 50 to 60',
      experiment: 'sgp4sr-centers',
      ours: best('ndcg@10'),
    },
  ],
}

/** The page. @throws Error for an experiment that is not there */
export function paperResultsPage(): string {
  const known = experiments.map(({ name }) => name)
  const line = ({ name, about, theirs, experiment, before, ours }: Published): string[] => {
    if (!known.includes(experiment)) throw new Error(`no experiment is called ${experiment}`)
    const file = `docs/results/${experiment}.json`
    const command = `\`npx siftrec experiment ${experiment}\``
    const until = before === undefined ? '' : `; before it [${before}](${before}.md)`
    if (!existsSync(file)) return [name, about, command, theirs, `not run yet${until}`]
    const found = ours?.(JSON.parse(readFileSync(file, 'utf8')) as StoredResults)
    return [name, about, `${command}, [results](${experiment}.md)`, theirs, found || '-']
  }
  const sections = Object.entries(papers).map(
    ([paper, published]) =>
      `## ${paper}\n\n${markdownTable(['of the paper', 'about', 'our command', 'the paper’s', 'ours'], published.map(line))}`,
  )
  const head = [
    'This page lists every table and figure of the three papers that shows a result, the command that makes ours, and what both found. The page behind `results` has the intervals, what was tuned and the seeds.',
    'Our data sets are not the papers’, and our figures rank the full catalog unless a page says otherwise. So compare which model is ahead and what each part is worth, not one figure with another.',
    '`npx vitest run test/docs -u` makes this page of the results in this folder; do not edit it.',
  ].join('\n\n')
  return `# Results beside the papers’\n\n${head}\n\n${sections.join('\n\n')}\n`
}

/** @file Diff-MSIN by where its vectors come from (the paper's Table 5), on amazon-scientific. */
import { locallyReadScientific, meaninglessScientific, sentenceReadScientific } from '../data/public-datasets.ts'
import type { DatasetChoice, Experiment, Variant } from '../experiment.ts'
import { clicksOn, spent, whole } from './diff-msin-comparisons.ts'

/** That of the published vectors. */
const published = 'CLIP'
/** The others: another source of vectors is a data set and its line here. */
const others: Readonly<Record<string, (root: string) => DatasetChoice>> = {
  'texts by the sentence encoder': sentenceReadScientific,
  'texts by the local encoder': locallyReadScientific,
  'random vectors': meaninglessScientific,
}

/** CLIP's vectors, texts by two other encoders, and vectors that say nothing. */
export const diffMsinSources: Experiment = {
  name: 'diff-msin-sources',
  title: 'Diff-MSIN by the source of its vectors, amazon-scientific',
  about:
    'Diff-MSIN on DIN on amazon-scientific with CLIP’s vectors, with texts by the sentence encoder and by the local one beside CLIP’s pictures, and with random vectors.',
  guess: { hours: 0.3, from: spent },
  comparisons(wanted) {
    const { reference, variants } = whole('scientific', {}, published)
    const read = Object.entries(others).map(
      ([name, dataset]): Variant => ({ name, model: 'diff-msin', like: published, dataset: dataset(wanted.dataRoot) }),
    )
    return [clicksOn(wanted, 'scientific', { title: 'Sources', reference, variants: [...variants, ...read] })]
  },
}

/** @file Whose code stands beside our models, at which commit, and how it was run or why it was not. */

import { clickSettings, scientificSettings } from '../../src/experiment/studies/model-settings.ts'
import type { OptionSet } from '../../src/experiment/terms.ts'
import { modelOf } from '../../src/models/registry.ts'

/** The published code of one of our models. */
export interface PublishedCode {
  /** The slug of ours. */
  readonly model: string
  /** On GitHub. */
  readonly repository: string
  /** The one that was run, or read. */
  readonly commit?: string
  /** What was put around the code, or why it cannot be run. */
  readonly how: string
  /** Why there is no figure of it yet, where it does run. */
  readonly open?: string
  /** Options of ours that follow the code where the default does not, beside those of experiments. */
  readonly options?: Readonly<Record<string, unknown>>
}

/** In the order of the tables. */
export const publishedCode: readonly PublishedCode[] = [
  {
    model: 'sasrec',
    repository: 'RUCAIBox/RecBole',
    commit: '7b02be5ec80a88310f2d04a27a82adfcbb5dc211',
    how: 'RecBole 1.2.1, its defaults, rows of 512',
  },
  {
    model: 'fdsa',
    repository: 'RUCAIBox/UniSRec',
    commit: '05aa5cba2809112c32808f70d16abc61c05c6538',
    how: 'their FDSA, which reads texts; width 64 in place of 300, rows of 512',
    open: 'one epoch alone, for want of processor time: 4 s each',
  },
  {
    model: 'unisrec',
    repository: 'RUCAIBox/UniSRec',
    commit: '05aa5cba2809112c32808f70d16abc61c05c6538',
    how: 'from scratch, ids and texts; width 64 in place of 300, rows of 512',
  },
  {
    model: 'stosa',
    repository: 'zfan20/STOSA',
    commit: '1f00ecb193a7ea7fe1bc4d14e999ce4ebec845c2',
    how: 'the one command that they print; two imported functions that the repository does not have are left empty, and negatives lie outside training alone',
  },
  {
    model: 'hm4sr',
    repository: 'SStarCCat/HM4SR',
    commit: 'f1c0a15f0193846e6af71c2a02ae324fd647eeaf',
    how: 'all times 0 and no category, since the data have neither; vectors filled up with zeros to the 768 numbers that it takes; rows of 512, of like length together',
  },
  {
    model: 'mmmlp',
    repository: 'Applied-Machine-Learning-Lab/MMMLP',
    commit: 'd5dc757adac95047522dea20aed88211d592911e',
    how: 'the repository is incomplete: names that it does not define were given what they stand for, vectors cut to their 128 main directions',
    open: 'not one epoch, for want of processor time: it looks up vectors item by item, always over 50 places, and its rate of 1e-4 asks for some hundred epochs',
  },
  {
    model: 'din',
    repository: 'reczoo/FuxiCTR',
    commit: '0245987fdc1d43c36164ea496a02324885a8557a',
    how: 'FuxiCTR 2.3.10, the defaults of its class but for embeddings of 16; ids alone, as ours has here',
  },
  {
    model: 'simcen',
    repository: 'salmon1802/SimCEN',
    commit: 'c48e98d29846b9364b3e22f660afb0b282db79e8',
    how: 'the options of their run on KuaiVideo; pictures and texts cut to their 64 main directions, batches of 256',
  },
  {
    model: 'naml',
    repository: 'wuch15/IJCAI2019-NAML',
    commit: '5421b524291c2d671a1ecbd09a60026a51fb6981',
    how: 'not run: a notebook for an early Keras, which reads the words of titles and bodies, where ours reads frozen vectors',
  },
]

/** Options of our model: those of the experiments on amazon-scientific before tuning. */
export function ownOptions({ model, options }: PublishedCode): Required<OptionSet> {
  const clicks = modelOf(model).task === 'clicks'
  const { config, training = {} } = clicks ? clickSettings(model, 'scientific') : (scientificSettings[model] ?? {})
  return { config: { ...config, ...options }, training }
}

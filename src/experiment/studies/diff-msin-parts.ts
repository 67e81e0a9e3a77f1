/** @file Diff-MSIN without its modules (the paper's Table 4), its modalities (Fig. 3) and its experts (Fig. 4). */
import type { Experiment } from '../experiment.ts'
import { clicksOn, type NamedOptions, picturedSets, spent, whole } from './diff-msin-comparisons.ts'

/** Rows of Table 4, and the modules that each leaves out. */
export const withoutModules: NamedOptions = {
  'w/o MFE': { withoutEnhancement: true },
  'w/o SRC': { withoutSynergy: true },
  'w/o FDAF': { withoutFusion: true },
  'w/o MFE and SRC': { withoutEnhancement: true, withoutSynergy: true },
  'w/o MFE, SRC, FDAF': { withoutEnhancement: true, withoutSynergy: true, withoutFusion: true },
}
/** Fig. 3. */
export const withoutModalities: NamedOptions = {
  'w/o pictures': { withoutImage: true },
  'w/o texts': { withoutText: true },
}
/** Fig. 4. */
export const withoutExperts: NamedOptions = {
  'w/o the picture’s expert': { withoutPart: 'image' },
  'w/o the text’s expert': { withoutPart: 'text' },
  'w/o the common expert': { withoutPart: 'common' },
  'w/o the synergy’s part': { withoutPart: 'synergy' },
}

const without =
  (options: NamedOptions): Experiment['comparisons'] =>
  (wanted) =>
    picturedSets.map((set) => clicksOn(wanted, set, whole(set, options)))

/** Without each module. */
export const diffMsinTable4: Experiment = {
  name: 'diff-msin-table4',
  title: 'Diff-MSIN without each module',
  about:
    'Diff-MSIN on DIN without the modality enhancement (MFE), the synergy (SRC), the fusion (FDAF) and several of them, on ml-latest-small and amazon-scientific.',
  guess: { hours: 1, from: spent },
  comparisons: without(withoutModules),
}

/** Without each modality. */
export const diffMsinModalities: Experiment = {
  name: 'diff-msin-modalities',
  title: 'Diff-MSIN without pictures and without texts',
  about: 'Diff-MSIN on DIN without pictures and without texts, on ml-latest-small and amazon-scientific.',
  guess: { hours: 0.5, from: spent },
  comparisons: without(withoutModalities),
}

/** Without each expert. */
export const diffMsinExperts: Experiment = {
  name: 'diff-msin-experts',
  title: 'Diff-MSIN without each expert',
  about:
    'Diff-MSIN on DIN whose fusion lacks the expert of pictures, that of texts, the common one and the synergy, on ml-latest-small and amazon-scientific.',
  guess: { hours: 0.8, from: spent },
  comparisons: without(withoutExperts),
}

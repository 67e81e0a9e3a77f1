/** @file Diff-MSIN by the other readings of what its paper leaves open (R-D4, R-D5, R-D6), on amazon-scientific. */
import type { Experiment } from '../experiment.ts'
import { clicksOn, type NamedOptions, spent, whole } from './diff-msin-comparisons.ts'

/** The other readings of the fusion, the synergy loss and the synergy's states. */
const readings: NamedOptions = {
  'fusion printed': { fusion: 'printed' },
  'synergy loss printed': { printedSynergyLoss: true },
  'states sequence': { states: 'sequence' },
}

/** Eq. 17 and 13 as printed, and a state for each event in the synergy. */
export const diffMsinReadings: Experiment = {
  name: 'diff-msin-readings',
  title: 'Diff-MSIN by reading, amazon-scientific',
  about:
    'Diff-MSIN on DIN by the other readings of its equations, on amazon-scientific; whole sequences of states take many times as long.',
  guess: { hours: 1.3, from: `${spent}; with whole sequences of states an epoch took 50 s` },
  comparisons: (wanted) => [clicksOn(wanted, 'scientific', whole('scientific', readings))],
}

/** @file Every experiment by its name. */
import { unknownName } from '../../errors.ts'
import type { AnyExperiment } from '../experiment.ts'
import { audit, auditFilms, auditPlays } from './audit.ts'
import { auditCost } from './audit-cost.ts'
import { baby } from './baby.ts'
import { ctr, ctrBackbones, diffMsinAblation, diffMsinSweep } from './click-prediction.ts'
import { defaults } from './defaults.ts'
import { diffMsinCase } from './diff-msin-case.ts'
import { diffMsinEfficiency } from './diff-msin-efficiency.ts'
import { diffMsinExperts, diffMsinModalities, diffMsinTable4 } from './diff-msin-parts.ts'
import { diffMsinReadings } from './diff-msin-readings.ts'
import { diffMsinSources } from './diff-msin-sources.ts'
import { diffMsinSteps } from './diff-msin-steps.ts'
import { diffMsinTable2, diffMsinTable3 } from './diff-msin-tables.ts'
import { diffMsinWeights } from './diff-msin-weights.ts'
import { m3bsrAblation } from './m3bsr-ablation.ts'
import { m3bsrColdStart } from './m3bsr-cold-start.ts'
import { m3bsrEfficiency } from './m3bsr-efficiency.ts'
import { m3bsrHeatmaps } from './m3bsr-heatmaps.ts'
import { m3bsrModalityByBehavior } from './m3bsr-modality-by-behavior.ts'
import { m3bsrPaper, m3bsrReadings } from './m3bsr-readings.ts'
import { m3bsrTable2 } from './m3bsr-table2.ts'
import { m3bsrTsne } from './m3bsr-tsne.ts'
import { noise } from './noise.ts'
import { sasrecPositions, scientific, sgp4srCenters } from './scientific.ts'
import { sgp4srAblation } from './sgp4sr-ablation.ts'
import { statistics } from './statistics.ts'
import { unknownUsers } from './unknown-users.ts'

/** All experiments, in the order they are listed. */
export const experiments: readonly AnyExperiment[] = [
  statistics,
  scientific,
  sasrecPositions,
  baby,
  noise,
  sgp4srAblation,
  sgp4srCenters,
  m3bsrTable2,
  m3bsrAblation,
  m3bsrHeatmaps,
  m3bsrColdStart,
  m3bsrTsne,
  m3bsrModalityByBehavior,
  m3bsrReadings,
  m3bsrPaper,
  diffMsinTable2,
  diffMsinTable3,
  diffMsinTable4,
  diffMsinModalities,
  diffMsinExperts,
  diffMsinSteps,
  diffMsinWeights,
  diffMsinSources,
  diffMsinCase,
  diffMsinReadings,
  ctr,
  ctrBackbones,
  diffMsinAblation,
  diffMsinSweep,
  unknownUsers,
  audit,
  auditFilms,
  auditPlays,
  auditCost,
  defaults,
  m3bsrEfficiency,
  diffMsinEfficiency,
]

/** The experiment of a name. @throws UserError `unknown`, with the nearest name as a hint */
export function experimentOf(name: string): AnyExperiment {
  const found = experiments.find((experiment) => experiment.name === name)
  if (!found)
    throw unknownName(
      'experiment',
      name,
      experiments.map(({ name }) => name),
    )
  return found
}

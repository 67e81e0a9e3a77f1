/** @file The cells of a grid as jobs, for this process, for others beside it, and for workers of a queue. */
import { extname } from 'node:path'
import type { Job, JobEvent, JobKind } from '../../jobs/job.ts'
import type { Cell } from './grid-cell.ts'
import { isDone, runCell, type Stage } from './run-cell.ts'

/** A cell that is to be taken to a stage. */
export interface CellJob extends Job {
  readonly cell: Cell
  readonly stage: Stage
}

/** What is told of cells; what one came to is in its folder. */
export type CellEvent = JobEvent<CellJob, 'finished'>

export const cellJobs: JobKind<CellJob, 'finished'> = {
  name: 'cell',
  script: new URL(`./cell-process${extname(import.meta.url)}`, import.meta.url),
  run: ({ cell, stage }, watching) => runCell(cell, stage, watching),
  id: ({ cell, stage }) => `${cell.key}-${stage}`,
  dataOf: ({ cell }) => cell.data,
  withData: (job, data) => ({ ...job, cell: { ...job.cell, data } }),
  isHere: ({ cell, stage }) => isDone(cell, stage),
}

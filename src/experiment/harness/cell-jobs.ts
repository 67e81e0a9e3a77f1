/** @file The cells of a grid as jobs, for this process, for others beside it, and for workers of a queue. */
import { extname } from 'node:path'
import type { Job, JobEvent, JobKind } from '../../jobs/job.ts'
import { isDone } from './grid-cell.ts'
import { type CellWork, runCell } from './run-cell.ts'
import { openStoredCells } from './stored-cells.ts'

/** A cell that is to be taken to a stage. */
export interface CellJob extends Job, CellWork {}

/** What is told of cells; what one came to is in its folder. */
export type CellEvent = JobEvent<CellJob, 'finished'>

export const cellJobs: JobKind<CellJob, 'finished'> = {
  name: 'cell',
  script: new URL(`./cell-process${extname(import.meta.url)}`, import.meta.url),
  run: (job, watching) => runCell(job, watching),
  id: ({ cell, stage }) => `${cell.key}-${stage}`,
  // What storage has is copied from there.
  dataOf: ({ cell, storage }) => (storage === undefined ? cell.data : undefined),
  withData: (job, data) => ({ ...job, cell: { ...job.cell, data } }),
  async isHere({ cell, stage, storage }) {
    if (storage !== undefined) {
      using stored = await openStoredCells(storage)
      await stored.share(cell)
    }
    return isDone(cell, stage)
  },
}

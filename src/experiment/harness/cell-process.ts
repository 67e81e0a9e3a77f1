/** @file A process that runs cells for another. */
import { answerJobs } from '../../jobs/answer.ts'
import { cellJobs } from './cell-jobs.ts'

answerJobs(cellJobs)

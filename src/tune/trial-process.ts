/** @file A process that trains trials for another. */
import { answerJobs } from '../jobs/answer.ts'
import { trialJobs } from './trial-jobs.ts'

answerJobs(trialJobs)

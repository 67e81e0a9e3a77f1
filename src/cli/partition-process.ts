/** @file A process that works on partitions for another. */
import { answerJobs } from '../jobs/answer.ts'
import { partitionJobs } from './partition-jobs.ts'

answerJobs(partitionJobs)

/** @file Runs of models that are fitted by counting. */
import { join } from 'node:path'
import { runFiles } from '../learn/loop.ts'
import type { FittedModel } from '../models/contract/fitted-model.ts'
import { modelOf } from '../models/registry.ts'
import { writeAtomically } from '../storage/atomic.ts'
import { encodeSafetensors } from '../storage/safetensors.ts'
import { rankingSplit, servedRanking, splitOf } from './next-item.ts'
import { optionsOfRun } from './run-settings.ts'
import type { Task } from './task.ts'

/** How many events a model without windows is shown, like the paper's (R-M15). */
const shownEvents = 50

/** See the file's header. */
export const countingTask: Task = {
  ...rankingSplit,
  async learn({ run, data, out, fingerprint }) {
    const tensors = (modelOf(run.model) as FittedModel<unknown>).fit(data.dataset, splitOf(data), optionsOfRun(run))
    const bytes = encodeSafetensors(tensors, { format: 'siftrec-model', run: fingerprint })
    await writeAtomically(join(out, runFiles.model), bytes)
    return { status: 'finished', epochs: 0, best: null, history: [] }
  },
  open(request) {
    const { run, data, tensors } = request
    const scorer = (modelOf(run.model) as FittedModel<unknown>).load(tensors, data.dataset, optionsOfRun(run))
    return Promise.resolve(servedRanking(request, scorer, shownEvents))
  },
}

/** @file Runs of models that are fitted by counting. */
import { join } from 'node:path'
import { notIndexed } from '../catalog-index/indexed-scorer.ts'
import { runFiles } from '../learn/loop.ts'
import { heldBytes } from '../learn/memory.ts'
import { scoreBytes } from '../learn/serving-memory.ts'
import type { FittedModel } from '../models/contract/fitted-model.ts'
import { modelOf } from '../models/registry.ts'
import { writeAtomically } from '../storage/atomic.ts'
import { encodeSafetensors } from '../storage/safetensors.ts'
import { rankingSplit, servedRanking, splitOf } from './next-item.ts'
import { optionsOfRun } from './run-settings.ts'
import { type Task, tellMemory, unsupported } from './task.ts'

/** How many events a model without windows is shown, like the paper's (R-M15). */
export const shownEvents = 50

/** See the file's header. */
export const countingTask: Task = {
  ...rankingSplit,
  async learn({ run, data, out, fingerprint, watching }) {
    const model = modelOf(run.model) as FittedModel<unknown>
    const fitted = [data.dataset, splitOf(data), optionsOfRun(run)] as const
    watching.report?.({ kind: 'memory', work: 'fitting', bytes: heldBytes() + (model.bytes?.(...fitted) ?? 0) })
    const tensors = model.fit(...fitted, (done, all) =>
      watching.report?.({ kind: 'counted', work: 'items counted', done, all }),
    )
    const bytes = encodeSafetensors(tensors, { format: 'siftrec-model', run: fingerprint })
    await writeAtomically(join(out, runFiles.model), bytes)
    return { status: 'finished', epochs: 0, best: null, history: [] }
  },
  async open(request) {
    const { run, data, tensors, moved } = request
    if (request.index) throw notIndexed(run.model, 'counts')
    const model = modelOf(run.model) as FittedModel<unknown>
    const laid = moved ? model.relaid(tensors, moved.items) : tensors
    const scorer = model.load(laid, data.dataset, optionsOfRun(run))
    await tellMemory(request, (users) => scoreBytes(data.dataset, users))
    const newItems = () => 'nobody has counted new items'
    const baked = (): never => {
      const value = `${run.model} counts and has no graph`
      throw unsupported(request.folder, value, 'a model that is trained and ranks the next item', 'export another run')
    }
    return servedRanking(request, scorer, { maxLength: shownEvents, mergesBehaviors: false, newItems, baked })
  },
}

/** @file What a model is given beside its batch: noise, scheduled scalars, and a way to hand tensors back. */
import { Bug } from '../errors.ts'
import type { Pass, Schedule } from '../models/contract/model.ts'
import { trainingNoise } from '../nn/noise.ts'
import { input, type Tensor } from '../tensor/node.ts'
import { type CatalogLosses, fullSoftmax } from './catalog-losses.ts'

/** A pass of training, and what it declared. */
export interface TrainingPass extends Pass {
  /** Scalars by the names of their inputs. */
  readonly schedules: ReadonlyMap<string, { readonly tensor: Tensor; readonly schedule: Schedule }>
  /** Tensors to hand back, by name. */
  readonly observed: ReadonlyMap<string, Tensor>
  /** What its losses over the catalog read besides, by name. */
  readonly lossInputs: Readonly<Record<string, Tensor>>
}

/** The pass of one training graph. */
export function trainingPass(losses: CatalogLosses = fullSoftmax): TrainingPass {
  const noise = trainingNoise()
  const { loss, inputs } = losses.declare(noise)
  const schedules = new Map<string, { tensor: Tensor; schedule: Schedule }>()
  const observed = new Map<string, Tensor>()
  return {
    training: true,
    noise,
    catalogLoss: loss,
    lossInputs: inputs,
    schedules,
    observed,
    scheduled(name, schedule) {
      const known = schedules.get(`scheduled.${name}`)
      if (known) return known.tensor
      const tensor = input(`scheduled.${name}`, [])
      schedules.set(`scheduled.${name}`, { tensor, schedule })
      return tensor
    },
    observe(name, tensor) {
      if (observed.has(name)) throw new Bug(`two tensors are observed as "${name}"`)
      observed.set(name, tensor)
    },
  }
}

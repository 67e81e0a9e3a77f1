/** @file What a model is given beside its batch: noise, scheduled scalars, and a way to hand tensors back. */
import { Bug } from '../errors.ts'
import type { Pass, Schedule } from '../models/contract/model.ts'
import { trainingNoise } from '../nn/noise.ts'
import { input, type Tensor } from '../tensor/node.ts'

/** A pass of training, and what it declared. */
export interface TrainingPass extends Pass {
  /** Scalars by the names of their inputs. */
  readonly schedules: ReadonlyMap<string, { readonly tensor: Tensor; readonly schedule: Schedule }>
  /** Tensors to hand back, by name. */
  readonly observed: ReadonlyMap<string, Tensor>
}

/** The pass of one training graph. */
export function trainingPass(): TrainingPass {
  const schedules = new Map<string, { tensor: Tensor; schedule: Schedule }>()
  const observed = new Map<string, Tensor>()
  return {
    training: true,
    noise: trainingNoise(),
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

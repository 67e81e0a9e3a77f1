/** @file Private mode: the list is made in this browser, from a history that leaves it nowhere. */
import { batch, signal } from '@preact/signals'
import type { Recommended } from '../../../src/serve/service.ts'
import { nothingSent, problemOf, type ServiceProblem } from '../api.ts'
import { type Loaded, loadModel } from './private-model.ts'
import {
  changes,
  fields,
  isFiltered,
  leftOut,
  list,
  numbers,
  openNobody,
  openVisitor,
  privateModel,
  problem,
  refresh,
  sendPending,
  told,
  visitor,
} from './state.ts'

/** How the list that was made here compares with the service's for the same history. */
export interface Sameness {
  readonly shared: number
  readonly of: number
  /** The largest difference in score, where both lists are the same. */
  readonly difference?: number
}

export const loading = signal<Loaded | undefined>(undefined)
/** Why the model cannot be had. */
export const refusal = signal<ServiceProblem | undefined>(undefined)
export const sameness = signal<Sameness | undefined>(undefined)

/** Switches private mode on: from here on no request leaves the page. */
export async function enterPrivate(): Promise<void> {
  if (loading.value || privateModel.value) return
  refusal.value = undefined
  loading.value = { done: 0, all: 0 }
  await sendPending()
  try {
    const model = await loadModel((loaded) => {
      loading.value = loaded
    })
    // Somebody who has left the playground meanwhile wants it no more.
    if (!loading.value) return
    const before = comparable()
    batch(() => {
      leftOut.value = { behaviors: [], modalities: [] }
      fields.value = numbers.value = {}
      changes.value = told.value = problem.value = undefined
      privateModel.value = model
      nothingSent.value = true
    })
    await refresh()
    const after = list.value?.answer
    sameness.value = before && after && samenessOf(before, after)
  } catch (error) {
    refusal.value = problemOf(error)
  } finally {
    loading.value = undefined
  }
}

/** Switches it off, and forgets what was done. */
export async function leavePrivate(): Promise<void> {
  loading.value = undefined
  if (!privateModel.value) return
  batch(() => {
    privateModel.value = sameness.value = undefined
    nothingSent.value = false
  })
  const { id, state } = visitor.value
  await (id === undefined ? openNobody() : openVisitor(id, { create: state === 'new' }))
}

/** The service's list, where the one made here is made of the same. */
function comparable(): Recommended | undefined {
  const left = leftOut.value.behaviors.length + leftOut.value.modalities.length
  const answer = list.value?.answer
  return left > 0 || isFiltered.value || answer?.fallback ? undefined : answer
}

/** Compares two lists for one history. */
function samenessOf(before: Recommended, after: Recommended): Sameness {
  const scores = new Map(before.items.map(({ id, score }) => [id, score]))
  const shared = after.items.filter(({ id }) => scores.has(id))
  const of = after.items.length
  if (shared.length < of) return { shared: shared.length, of }
  const difference = Math.max(0, ...shared.map(({ id, score }) => Math.abs(score - (scores.get(id) as number))))
  return { shared: of, of, difference }
}

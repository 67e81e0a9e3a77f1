/** @file What is served, for all views; asked again now and then, since a run may be swapped. */
import { signal } from '@preact/signals'
import { ask, needsKey, nothingSent, problemOf, type ServiceProblem } from './api.ts'
import type { Served } from './words.ts'

export const served = signal<Served | undefined>(undefined)
export const servedProblem = signal<ServiceProblem | undefined>(undefined)

/** Asks what is served. */
export async function askServed(): Promise<void> {
  if (nothingSent.value) return
  try {
    served.value = await ask<Served>({ path: '/v1/about' })
    servedProblem.value = undefined
    needsKey.value = false
  } catch (error) {
    servedProblem.value = problemOf(error)
  }
}

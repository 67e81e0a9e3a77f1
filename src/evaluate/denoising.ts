/** @file How well a model's own denoising finds the events that were planted as accidents. */
import { historyOf } from '../data/histories.ts'
import type { Dataset, History } from '../data/schema.ts'
import { auc } from '../metrics/auc.ts'

/** See {@link denoisingAuc}. */
export interface DenoisingAuc {
  /** Probability that an accidental event was moved further than a meant one; 0.5 is chance. */
  readonly auc: number
  readonly accidental: number
  readonly meant: number
}

/**
 * Ranks the auxiliary events of every user's last `maxLength` by how far the behavior denoising moved them (M³BSR, eq. 11-12), and
 * compares with what was planted. Events that nothing denoises (no target event before them) are left out.
 * @param movedOf the distance of each event of a history
 * @param planted 1 for each accidental event row of the dataset
 */
export async function denoisingAuc(
  movedOf: (history: History) => Promise<Float32Array>,
  { events, userIds, manifest }: Dataset,
  { planted, maxLength }: { readonly planted: Uint8Array; readonly maxLength: number },
): Promise<DenoisingAuc> {
  const target = manifest.behaviors.indexOf(manifest.target)
  const [distances, accidents]: [number[], number[]] = [[], []]
  for (let user = 1; user < userIds.length; user++) {
    const whole = historyOf(events, user)
    const from = Math.max(0, whole.item.length - maxLength)
    const first = (events.start[user] as number) + from
    const history = { user, item: whole.item.subarray(from), behavior: whole.behavior.subarray(from), time: whole.time.subarray(from) }
    const moved = await movedOf(history)
    for (const [at, behavior] of history.behavior.entries()) {
      if (behavior === target || moved[at] === 0) continue
      distances.push(moved[at] as number)
      accidents.push(planted[first + at] as number)
    }
  }
  const accidental = accidents.reduce((sum, one) => sum + one, 0)
  return { auc: auc(distances, accidents), accidental, meant: accidents.length - accidental }
}

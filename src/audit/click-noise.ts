/** @file How well a model's denoising finds the accidental clicks that a simulated shop planted. */
import { historyOf } from '../dataset/histories.ts'
import { auc } from '../metrics/auc.ts'
import type { OpenRun } from '../runs/open-run.ts'
import type { Truth } from '../simulate/shop.ts'
import { accidentalOf } from '../simulate/shop.ts'

/** What {@link clickNoise} found. */
export interface ClickNoise {
  /** The chance that an accidental click was moved farther than one that was meant. */
  readonly auc: number
  readonly clicks: number
  readonly accidental: number
}

/**
 * By event row, how far behavior denoising moved the event, over each user's last events, as many as the model reads;
 * NaN for events that are not denoised: those of the target, and those that no target event came before.
 * Undefined for a model that does not tell how far it moved an event.
 */
export async function movedEvents({ scorer, dataset, maxLength }: OpenRun): Promise<Float64Array | undefined> {
  if (!('reasons' in scorer)) return undefined
  const { events, manifest, userIds } = dataset
  const target = manifest.behaviors.indexOf(manifest.target)
  const distances = new Float64Array(events.item.length).fill(Number.NaN)
  for (let user = 1; user < userIds.length; user++) {
    const { moved } = await scorer.reasons(historyOf(events, user))
    if (!moved) return undefined
    const end = events.start[user + 1] as number
    const begin = Math.max(events.start[user] as number, end - maxLength)
    for (let row = begin; row < end; row++)
      if (events.behavior[row] !== target && moved[row - begin] !== 0) distances[row] = moved[row - begin] as number
  }
  return distances
}

/** The AUC with which the distance that behavior denoising moved a click tells accidental clicks from meant ones. */
export async function clickNoise(run: OpenRun, truth: Truth): Promise<ClickNoise | undefined> {
  const moved = await movedEvents(run)
  if (!moved) return undefined
  const planted = accidentalOf(run.dataset, truth)
  const denoised = Array.from(moved.keys()).filter((row) => !Number.isNaN(moved[row]))
  const accidental = denoised.map((row) => planted[row] as number)
  return {
    auc: auc(
      denoised.map((row) => moved[row] as number),
      accidental,
    ),
    clicks: denoised.length,
    accidental: accidental.reduce((sum, one) => sum + one, 0),
  }
}

/** What was found, in a sentence. */
export function printClickNoise(name: string, found: ClickNoise | undefined): string {
  if (!found) return `${name} does not denoise clicks\n`
  const { auc, clicks, accidental } = found
  return `how far ${name} moves a click when denoising tells ${accidental} accidental clicks from ${clicks - accidental} meant ones with AUC ${auc.toFixed(3)}\n`
}

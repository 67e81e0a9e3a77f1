/** @file What a run is about to be asked, in at most two lines. */
import { type AskedQuestion, askedOf, usualIdleMinutes } from '../dataset/questions.ts'
import type { Dataset } from '../dataset/schema.ts'
import { trivialFindings } from './findings.ts'
import { targetCounts } from './target-facts.ts'

/** The question and its targets, and a warning where the last item would win; nothing for a model of clicks. */
export function askedLines(dataset: Dataset, split: AskedQuestion | { readonly label: string }): string[] {
  if ('label' in split || dataset.manifest.behaviors.length === 1) return []
  const { question, idleMinutes = usualIdleMinutes } = split
  const targets = targetCounts(askedOf(dataset, { question, idleMinutes }))
  const { rankable, events, behavior } = targets
  const which = {
    funnel: 'funnel, which item is chosen of all that were looked at',
    discovery: `discovery, which item not touched before the visit (${idleMinutes} idle minutes end one)`,
  }
  const asked =
    question === undefined
      ? []
      : [`question: ${which[question]}: ${rankable} of ${events} ${behavior} events are targets`]
  return [...asked, ...trivialFindings({ targets }).map((finding) => `warning: ${finding}`)]
}

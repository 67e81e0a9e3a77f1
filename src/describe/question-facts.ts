/** @file What each question would make of a log's targets, side by side. */
import { askedOf, questionOf } from '../dataset/questions.ts'
import type { Dataset, Manifest } from '../dataset/schema.ts'
import { type TargetCounts, targetCounts } from './target-facts.ts'

/** A question, and the targets that it has. */
export interface QuestionFacts
  extends Pick<TargetCounts, 'rankable' | 'users' | 'emptyHistories' | 'inInput' | 'justTouched'> {
  readonly question: 'none' | 'funnel' | 'discovery'
  readonly candidates: Manifest['candidates']
  /** Whether it is asked unless a run says otherwise. */
  readonly chosen: boolean
}

/** The dataset's own candidates, the funnel, and discovery where there are visits. */
export function questionFacts(dataset: Dataset): QuestionFacts[] {
  const { manifest } = dataset
  if (manifest.behaviors.length === 1 || manifest.ownSplit) return []
  const { idleMinutes } = questionOf(manifest)
  const questions = [undefined, 'funnel', ...(manifest.time === 'order' ? [] : ['discovery' as const])] as const
  return questions.map((question) => {
    const facts = targetCounts(askedOf(dataset, { question, idleMinutes }))
    const { candidates, rankable, users, emptyHistories, inInput, justTouched } = facts
    const chosen = manifest.question === question
    return { question: question ?? 'none', candidates, chosen, rankable, users, emptyHistories, inInput, justTouched }
  })
}

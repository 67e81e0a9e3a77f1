/** @file The facts of a dataset, all in one. */
import { askedOf, questionOf } from '../dataset/questions.ts'
import type { Dataset, Manifest } from '../dataset/schema.ts'
import { type Coverage, coverageOf } from './coverage.ts'
import { type LogFacts, logFacts } from './log-facts.ts'
import { type QuestionFacts, questionFacts } from './question-facts.ts'
import { type TargetFacts, targetFacts } from './target-facts.ts'

/** Facts of a dataset; JSON can hold them. */
export interface Facts {
  readonly name: string
  readonly users: number
  readonly items: number
  readonly events: number
  /** By name, from weak to strong interest. */
  readonly behaviors: Readonly<Record<string, number>>
  /** Labelled impressions, and in how many of them each label is 1. */
  readonly impressions?: NonNullable<Manifest['impressions']>
  readonly targets: TargetFacts
  /** What each question would make of the targets; none where there is nothing to ask. */
  readonly questions: readonly QuestionFacts[]
  readonly log: LogFacts
  readonly coverage: readonly Coverage[]
}

/** Takes the facts of a dataset. */
export function factsOf(dataset: Dataset): Facts {
  const { name, counts, impressions } = dataset.manifest
  return {
    name,
    users: counts.users,
    items: counts.items,
    events: counts.events,
    behaviors: counts.perBehavior,
    ...(impressions && { impressions }),
    targets: targetFacts(askedOf(dataset, questionOf(dataset.manifest))),
    questions: questionFacts(dataset),
    log: logFacts(dataset),
    coverage: coverageOf(dataset),
  }
}

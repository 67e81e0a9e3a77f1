/**
 * @file The two questions that a log with visits can be asked.
 * *Funnel*: what of all that was looked at is chosen? An item may have been touched before, in this visit or earlier.
 * *Discovery*: what new item is chosen? The user had not touched it before this visit, and the visit's own events on it
 * are not shown to the model, in training as in testing.
 */
import { createHash } from 'node:crypto'
import { UserError } from '../errors.ts'
import type { Dataset, Manifest } from './schema.ts'
import { canRank, possibleTargets } from './targets.ts'
import { withoutOwnEvents } from './visits.ts'

/** Which question, and where a visit ends. */
export interface AskedQuestion {
  /** By default the dataset's own, which `prepare` chose; without one, its candidates policy alone decides. */
  readonly question?: 'funnel' | 'discovery' | undefined
  /** 30 by default. */
  readonly idleMinutes?: number | undefined
}

/** Minutes without an event that end a visit, if nothing else is said. */
export const usualIdleMinutes = 30

type Logged = Pick<Dataset, 'events' | 'manifest'>

/**
 * The dataset as a question sees it; the dataset itself without one. For the funnel, the items of earlier target events
 * are left out of the ranking at most. For discovery, every item that was touched is, and the events that lead to a
 * target within its visit are taken out of the log.
 * @throws UserError `unsupported` for discovery without times
 */
export function askedOf(dataset: Dataset, { question, idleMinutes = usualIdleMinutes }: AskedQuestion): Dataset {
  if (question === undefined) return dataset
  if (question === 'discovery') refuseOrder(dataset.manifest)
  const asked = question === 'funnel' ? asFunnel(dataset) : asDiscovery(dataset, idleMinutes)
  const hash = askedHash(dataset.hash, { question, idleMinutes })
  return { ...dataset, ...asked, hash, asked: { question, of: dataset } }
}

/** @throws UserError `unsupported` for a dataset without times, which has no visits */
export function refuseOrder({ name, time }: Manifest): void {
  if (time === 'milliseconds') return
  throw new UserError({
    where: 'question',
    problem: 'unsupported',
    value: `discovery, but ${name} has only an order within each user, so no visits`,
    hint: 'use funnel',
  })
}

/** The hash of a dataset as a question sees it, by the dataset's own. */
export function askedHash(hash: string, { question, idleMinutes = usualIdleMinutes }: AskedQuestion): string {
  if (question === undefined) return hash
  return createHash('sha256')
    .update(JSON.stringify([hash, question, ...(question === 'discovery' ? [idleMinutes] : [])]))
    .digest('hex')
}

function asFunnel({ events, manifest }: Logged): Logged {
  return { events, manifest: { ...manifest, candidates: manifest.candidates === 'all' ? 'all' : 'untargeted' } }
}

function asDiscovery({ events, manifest }: Logged, idleMinutes: number): Logged {
  const target = manifest.behaviors.indexOf(manifest.target)
  return {
    events: withoutOwnEvents(events, target, { idleMinutes, timesFrom: manifest.timesFrom }),
    manifest: { ...manifest, candidates: 'unseen' },
  }
}

/** How many target events each question can rank, of how many. */
export interface RankableCounts {
  readonly events: number
  /** Of items never touched before. */
  readonly unseen: number
  readonly funnel: number
  /** 0 where there are no visits. */
  readonly discovery: number
}

/** Counts the target events that each question can rank. */
export function rankableCounts(log: Logged, idleMinutes = usualIdleMinutes): RankableCounts {
  const counts = { events: 0, unseen: 0, funnel: 0, discovery: 0 }
  for (const possible of possibleTargets(log)) {
    counts.events++
    if (canRank('unseen', possible)) counts.unseen++
    if (canRank('untargeted', possible)) counts.funnel++
  }
  if (log.manifest.time === 'order') return counts
  for (const possible of possibleTargets(asDiscovery(log, idleMinutes))) {
    if (canRank('unseen', possible)) counts.discovery++
  }
  return counts
}

/** What the data call for: a question, or none where the items never touched give targets enough. */
export interface Choice {
  readonly question: 'funnel' | 'discovery' | undefined
  /** One line that says so, with the numbers; none where there is nothing to choose. */
  readonly told?: string
}

/** Whether there is a question to choose: where there are several behaviors, and no split came with the log. */
export const canChoose = ({ behaviors, ownSplit }: Manifest): boolean => behaviors.length > 1 && !ownSplit

/**
 * Chooses the question of a log by what each can rank. Where most targets are of items never touched before, there is
 * nothing to ask. Where they are not since their own visit led to them, it is discovery; where earlier visits did, the
 * funnel.
 */
export function chosenQuestion(manifest: Manifest, counts: RankableCounts): Choice {
  if (!canChoose(manifest)) return { question: undefined }
  const { events, unseen, funnel, discovery } = counts
  if (events === 0 || 2 * unseen >= Math.max(discovery, funnel)) return { question: undefined }
  const question = 10 * discovery >= funnel ? 'discovery' : 'funnel'
  const of = `${unseen} of ${events} ${manifest.target} events are of an item never touched before`
  const more = `${discovery} of one not touched before the visit`
  return { question, told: `question: ${question} (${of}, ${more}; ${otherWay[question]})` }
}

const otherWay = {
  discovery: 'to ask which of the touched items is chosen: siftrec train ... --question funnel',
  funnel: 'to ask for those: siftrec train ... --question discovery',
} as const

/** The question that a manifest says its runs are asked. */
export const questionOf = ({ question, idleMinutes }: Manifest): AskedQuestion => ({
  ...(question !== undefined && { question }),
  ...(idleMinutes !== undefined && { idleMinutes }),
})

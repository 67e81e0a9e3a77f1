/** @file How KMCLR is trained: four passes in turn, two of them over triples, or one loss for all. */
import type { BehaviorItems } from '../../../batches/extras/behavior-items.ts'
import { joined } from '../../../batches/joined.ts'
import type { BatchKind } from '../../../batches/kind.ts'
import type { Pairs } from '../../../batches/pairs.ts'
import { type Triples, triples } from '../../../batches/triples.ts'
import { type Losses, type Objective, objective, type Pass, type Stage } from '../../contract/model.ts'
import type { KmclrConfig } from './config.ts'
import { type KnowledgeSide, type Reading, type Relations, readings } from './knowledge-side.ts'

/** Pairs of the target behavior. */
export type TargetPairs = Pairs & BehaviorItems
/** What is lost on pairs of the target behavior. */
export interface PairLosses {
  readonly batches: BatchKind<TargetPairs, never>
  losses(batch: TargetPairs, pass: Pass): Losses
}

/** What each pass is made of. */
export interface Sides {
  /** (4-6) */
  readonly behaviors: PairLosses
  /** (9, 12); absent where the behavior side ranks alone. */
  readonly knowledge?: PairLosses
  readonly relations: Relations
  /** (10-11) */
  readonly triples: KnowledgeSide['triples']
  /** Draws the views of (12) anew; absent where they are not contrasted. */
  readonly redraw?: NonNullable<Stage['beforeEpoch']>
}

/** Gradients of the behavior side are scaled down to this length. */
const longestGradient = 20
/** Epochs in which its rate rises, and in which it falls. */
const [rises, falls] = [5, 10]

/** The rate of the behavior side in an epoch, from 1: it goes from 1 up to `most` and back, again and again. */
export function cyclicRate(epoch: number, most: number): number {
  const at = (epoch - 1) % (rises + falls)
  return 1 + (most - 1) * (at <= rises ? at / rises : 1 - (at - rises) / falls)
}

/** The stage of a configuration. */
export function trainingStage(config: KmclrConfig, sides: Sides): Pick<Stage, 'objectives' | 'turns' | 'beforeEpoch'> {
  const { redraw } = sides
  return config.passes === 'joint'
    ? { objectives: [jointObjective(sides)], ...(redraw && { beforeEpoch: redraw }) }
    : { objectives: inTurn(config, sides), turns: 'pass' }
}

function inTurn({ rateRise }: KmclrConfig, { behaviors, knowledge, relations, triples: lost, redraw }: Sides) {
  const batches = relations.entities > 0 ? triples(relations) : undefined
  const ofTriples = (reading: Reading): Objective[] =>
    batches
      ? [
          objective<Triples>({
            name: reading,
            batches,
            losses: (batch) => lost(reading, batch),
          }),
        ]
      : []
  return [
    ...(knowledge
      ? [
          ...readings.flatMap(ofTriples),
          objective<TargetPairs>({ name: 'knowledge', ...knowledge, ...(redraw && { beforePass: redraw }) }),
        ]
      : []),
    objective<TargetPairs>({
      name: 'behaviors',
      ...behaviors,
      trains: (name) => !name.startsWith('known.'),
      clipNorm: longestGradient,
      rateOf: (_, epoch) => cyclicRate(epoch, rateRise),
    }),
  ]
}

/** Everything at each step. */
function jointObjective({ behaviors, knowledge, relations, triples: lost }: Sides): Objective {
  /** Names of losses must differ. */
  const named = (name: string, losses: Losses) =>
    Object.fromEntries(Object.entries(losses).map(([part, loss]) => [`${name} ${part}`, loss]))
  const ofPairs = (pairs: TargetPairs, pass: Pass): Losses => ({
    ...named('behaviors', behaviors.losses(pairs, pass)),
    ...(knowledge && named('knowledge', knowledge.losses(pairs, pass))),
  })
  const shared = { name: 'train', clipNorm: longestGradient }
  if (!knowledge || relations.entities === 0)
    return objective<TargetPairs>({ ...shared, batches: behaviors.batches, losses: ofPairs })
  const batches = joined({ pairs: behaviors.batches, triples: triples(relations) })
  return objective<{ readonly pairs: TargetPairs; readonly triples: Triples }>({
    ...shared,
    batches,
    losses: (batch, pass) => ({
      ...ofPairs(batch.pairs, pass),
      ...Object.assign({}, ...readings.map((reading) => named(reading, lost(reading, batch.triples)))),
    }),
  })
}

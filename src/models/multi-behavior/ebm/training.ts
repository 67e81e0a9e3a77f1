/** @file How EBM is trained: its losses, and its stages. */
import { type LastTargets, lastTargets } from '../../../batches/extras/histories.ts'
import type { SequenceKind, Sequences } from '../../../batches/sequences.ts'
import type { Tensor } from '../../../tensor/node.ts'
import { type Losses, objective, type Pass, type Stage } from '../../contract/model.ts'
import type { Config } from './config.ts'
import { compactness } from './encoder.ts'
import type { Denoising, Read, Reader } from './reading.ts'

type Batch = Sequences & LastTargets

/** What is trained. */
interface Parts {
  readonly read: Reader
  /** E [V + 1, D] */
  readonly items: Tensor
  readonly whole: Denoising
}

/** What a stage trains, and by which losses beside the cross-entropy. */
interface StageParts {
  readonly name: string
  readonly epochs: Stage['epochs']
  readonly denoising: Denoising
  readonly lost: readonly ('compactness' | 'hard' | 'soft')[]
  readonly trains?: RegExp
  readonly rate?: number
}

/** The stages; see the header of ebm.ts. What an option leaves out has no stage. */
export function stagesOf(config: Config, batches: SequenceKind, parts: Parts): readonly Stage[] {
  const { gate, filter } = parts.whole
  const everything = {
    denoising: parts.whole,
    lost: ['compactness', ...(gate ? (['hard'] as const) : []), ...(filter ? (['soft'] as const) : [])],
  } as const
  const ofTargets = batches.with(lastTargets())
  const stage = ({ name, epochs, denoising, lost, trains, rate }: StageParts): Stage => ({
    name,
    epochs,
    objectives: [
      objective<Batch>({
        name,
        batches: ofTargets,
        losses: (batch, { noise, catalogLoss }) =>
          lossesOf(config, batch, { ...parts.read(batch, denoising, noise), ...parts, lost, catalogLoss }),
        ...(trains && { trains: (parameter) => trains.test(parameter) }),
        ...(rate !== undefined && { rateOf: () => rate }),
      }),
    ],
  })
  if (config.stages === 'joint') return [stage({ name: 'train', epochs: 'until-best', ...everything })]
  const { hardEpochs, softEpochs } = config
  return [
    stage({ name: 'encoder', epochs: 'until-best', denoising: {}, lost: ['compactness'] }),
    ...(gate
      ? [stage({ name: 'gate', epochs: hardEpochs, denoising: { gate }, lost: ['hard'], trains: /^hard\./ })]
      : []),
    ...(filter
      ? [stage({ name: 'filter', epochs: softEpochs, denoising: parts.whole, lost: ['soft'], trains: /^soft\./ })]
      : []),
    ...(gate || filter ? [stage({ name: 'all', epochs: 'until-best', ...everything, rate: 0.5 })] : []),
  ]
}

/** What losses are made of. */
type Lost = Read & Pick<Parts, 'items'> & Pick<StageParts, 'lost'> & Pick<Pass, 'catalogLoss'>

/** (14) */
function lossesOf(config: Config, batch: Batch, { items, lost, catalogLoss, ...read }: Lost): Losses {
  const { lambdaContrast, lambdaCompactness } = config
  const { mask_BL, s_BLD, keep_BL1, kept_BLD, passed_BLD, user_BD } = read
  const { item_B, of } = batch.lastTargets
  const weight_B = of(batch.weight_P.reshape([-1, 1])).reshape([batch.rows])
  const target_BD = items.rows(item_B)
  const { rows, length } = batch
  /** Q: vectors that are 0 at other places, and how many places are theirs. */
  const fit = (x_BLD: Tensor, count_B1: Tensor): Tensor => {
    const of_BD =
      config.contrastOn === 'mean'
        ? x_BLD.sum([1]).div(count_B1.greater(0).where(count_B1, 1))
        : x_BLD.slice(1, length - 1, length).reshape([rows, config.hiddenSize])
    return of_BD.mul(target_BD).sum([1])
  }
  /** (13) */
  const ordered = (best_B: Tensor, middle_B: Tensor, worst_B: Tensor): Tensor => {
    const loss_B = middle_B.sub(best_B).softplus().add(worst_B.sub(middle_B).softplus())
    return loss_B.mul(weight_B).sum()
  }
  const [all_B1, stay_B1] = [mask_BL.sum([1], { keep: true }), keep_BL1.sum([1])]
  const parts = {
    compactness: { weight: lambdaCompactness, value: () => compactness(s_BLD, weight_B, config) }, // (6)
    hard: {
      weight: lambdaContrast,
      value: () => ordered(fit(kept_BLD, stay_B1), fit(s_BLD, all_B1), fit(s_BLD.sub(kept_BLD), all_B1.sub(stay_B1))),
    },
    soft: {
      weight: lambdaContrast,
      value() {
        const left_BLD = passed_BLD.mul(keep_BL1)
        return ordered(fit(left_BLD, stay_B1), fit(kept_BLD, stay_B1), fit(kept_BLD.sub(left_BLD), stay_B1))
      },
    },
  }
  const asked = lost.filter((name) => parts[name].weight > 0)
  return {
    main: {
      weight: 1,
      value: catalogLoss({ hidden: user_BD, table: items, targets: item_B, weights: weight_B }),
    },
    ...Object.fromEntries(asked.map((name) => [name, { weight: parts[name].weight, value: parts[name].value() }])),
  }
}

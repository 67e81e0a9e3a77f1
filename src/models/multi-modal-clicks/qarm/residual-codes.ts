/** @file Residual codes: the nearest of some centers, then the nearest of others to what is left, and so on. */
import { concat } from '../../../tensor/move.ts'
import { input, integers, type Tensor } from '../../../tensor/node.ts'
import type { CatalogShape } from '../../contract/catalog.ts'
import type { Memory, StageContext } from '../../contract/model.ts'
import { clusterRows, nearest } from '../../parts/cluster-rows.ts'
import type { AlignedVectors } from './aligned-vectors.ts'
import type { QarmConfig } from './config.ts'

/** What makes codes of vectors. */
export interface ResidualCodes {
  /** `joined`, or the modality. */
  readonly name: string
  /** Numbers of centers from 1, 0 where an item has no vector: [V + 1, Q], floats. */
  readonly learned: Tensor
  /** The same, found by the centers anew: so an item has codes that came after training. */
  readonly served: Tensor
  /** `codes.NAME` [V + 1, Q] and `centers.NAME` [Q, K, W]. */
  readonly memory: Memory
  /** Fits centers and codes. */
  readonly fit: (context: StageContext) => Promise<void>
}

/** Items with a vector for each center. */
const itemsPerCenter = 8
/**
 * In each number of a center that is not used. Vectors are no longer than 1 and residuals no longer than 2, so that
 * this is never the nearest.
 */
const far = 10

/** The codes of some vectors, as yet without centers. */
export function residualCodes(
  { name, width, of, present }: AlignedVectors,
  { levels, centers: count, clusterPasses: passes }: QarmConfig,
  { itemCount }: Pick<CatalogShape, 'itemCount'>,
): ResidualCodes {
  const names = { centers: `centers.${name}`, codes: `codes.${name}` }
  const centers_QKW = input(names.centers, [levels, count, width])
  const centersAt = (level: number): Tensor => centers_QKW.slice(0, level, level + 1).reshape([count, width])
  /** (4) down to a level: the members of each, and what is left. */
  const split = (rows: Tensor, to: number): { members: readonly Tensor[]; residual: Tensor } => {
    const members: Tensor[] = []
    let residual = rows
    for (let level = 0; level < to; level++) {
      const member = nearest(residual, centersAt(level))
      members.push(member)
      residual = residual.sub(centersAt(level).rows(member))
    }
    return { members, residual }
  }
  const numbers = split(of(), levels).members.map((member) => member.cast('float32').unsqueeze(1))
  const served = concat(numbers, 1).add(1).mul(present.unsqueeze(1))
  const shape = [itemCount + 1, levels]
  return {
    name,
    learned: input(names.codes, shape),
    served,
    memory: {
      [names.codes]: { shape, rows: 'items', fresh: 'zero', data: new Float32Array((itemCount + 1) * levels) },
      [names.centers]: { shape: [levels, count, width], data: new Float32Array(levels * count * width).fill(far) },
    },
    async fit(context) {
      const { has } = await context.evaluate({ has: present })
      const items = [...(has as Float32Array).keys()].filter((item) => has?.[item] === 1)
      const [centers, codes] = [names.centers, names.codes].map((one) => context.memory[one]?.data as Float32Array)
      centers?.fill(far)
      const used = Math.min(count, Math.max(1, Math.floor(items.length / itemsPerCenter)))
      for (let level = 0; level < levels && items.length > 0; level++) {
        const { residual } = split(of(integers(items)), level)
        const found = await clusterRows(residual, { count: used, passes }, context)
        centers?.set(found.centers, level * count * width)
      }
      const made = await context.evaluate({ served })
      codes?.set(made['served'] as Float32Array)
    },
  }
}

/** @file DIPN's views: a recurrent layer for each, attention over the events of a view, and attention over views. */
import { gruOfKinds } from '../../nn/gru.ts'
import { normal, xavier, zeros } from '../../nn/init.ts'
import { kindTiles } from '../../nn/kind-tiles.ts'
import { linear } from '../../nn/linear.ts'
import { equal, greater, where } from '../../tensor/compare.ts'
import { add, mul, sub, tanh } from '../../tensor/elementwise.ts'
import { cast, concat } from '../../tensor/move.ts'
import { constant, integers, parameter, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import { maskBias } from '../parts/attention-bias.ts'
import type { ViewEvents } from './view-events.ts'

/** How views are read. */
interface ViewOptions {
  /** W */
  readonly hiddenSize: number
  readonly bottom: 'attention' | 'last'
  readonly top: 'attention' | 'mean'
}
/** What is made of views. */
interface Attended {
  /** [z; v_1; ..; v_M], [B, (M + 1) W] */
  readonly s_BS: Tensor
  /** How much each view counts, [B, M]; they add up to 1. */
  readonly share_BM: Tensor
  /** How much each event counts in each view, [M, B, L]; absent where the last state stands for a view. */
  readonly weight_MBL: Tensor | undefined
}

/** (2-4); parameters `gru.*`, `bottom.{weight,bias,output,empty}` for each view, `top.*` and `top.output`. */
export function viewAttention(
  { hiddenSize: width, bottom, top }: ViewOptions,
  { views, width: from }: { readonly views: number; readonly width: number },
): (x_NE: Tensor, events: ViewEvents) => Attended {
  const recur = gruOfKinds('gru', views, [from, width])
  const weight = parameter('bottom.weight', [views, width, width], xavier(width, width))
  const bias = parameter('bottom.bias', [views, 1, width], zeros)
  const output = parameter('bottom.output', [views, width, 1], xavier(width, 1))
  const empty = parameter('bottom.empty', [views, 1, width], normal())
  const inner = linear('top', [width, width])
  const outer = parameter('top.output', [width, 1], xavier(width, 1))

  /** (4) */
  const shares = (view_MBW: Tensor): Tensor => {
    const rows = view_MBW.shape[1] as number
    if (top === 'mean') return constant(new Float32Array(rows * views).fill(1 / views), [rows, views])
    return tanh(inner(view_MBW)).matmul(outer).reshape([views, rows]).transpose().softmax()
  }
  return (x_NE, { kind_LR, parts, inTime }) => {
    const [length, sequences] = dims(kind_LR, 2)
    const tiles = kindTiles(kind_LR.reshape([-1]), views)
    const hidden_LRW = recur(x_NE, { kind_LB: kind_LR, tiles })
    const hidden_RLW = hidden_LRW.transpose([1, 0, 2])
    /** (3) before the softmax, [R, 1, L]. */
    const scored = (): Tensor => {
      const hidden_STW = tiles.tiled(hidden_LRW.reshape([-1, width]))
      const inner_STW = tanh(add(hidden_STW.matmul(tiles.ofKinds(weight)), tiles.ofKinds(bias)))
      const score_LR = tiles.untiled(inner_STW.matmul(tiles.ofKinds(output))).reshape([length, sequences])
      return score_LR.transpose().unsqueeze(1)
    }
    const score_R1L = bottom === 'attention' ? scored() : undefined
    const kind_R1L = kind_LR.transpose().unsqueeze(1)
    const read = parts.map(({ from, to, views: own }) => {
      const open_BML = cast(equal(kind_R1L.slice(0, from, to), integers(own).reshape([1, -1, 1])), 'float32')
      const weight_BML = score_R1L ? add(score_R1L.slice(0, from, to), maskBias(open_BML)).softmax() : lastOf(open_BML)
      return { open_BML, weight_BML, view_BMW: weight_BML.matmul(hidden_RLW.slice(0, from, to)) }
    })
    const joined = (part: keyof (typeof read)[number]): Tensor =>
      concat(
        read.map((one) => one[part]),
        1,
      )
    const isThere = greater(joined('open_BML').sum([2], { keep: true }), 0)
    const view_BMW = where(isThere, joined('view_BMW'), empty.reshape([1, views, width]))
    const share_BM = shares(view_BMW.transpose([1, 0, 2]))
    const z_BW = mul(view_BMW, share_BM.unsqueeze(2)).sum([1])
    const s_BS = concat([z_BW, view_BMW.reshape([-1, views * width])], 1)
    return { s_BS, share_BM, weight_MBL: score_R1L && inTime(read.map(({ weight_BML }) => weight_BML)) }
  }
}

/** 1 at the last event of each view, whose events lie side by side: [B, M, L]. */
function lastOf(open_BML: Tensor): Tensor {
  const length = open_BML.shape[2] as number
  if (length === 1) return open_BML
  return mul(open_BML, sub(1, open_BML.slice(2, 1, length).pad(2, 0, 1)))
}

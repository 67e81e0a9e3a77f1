/** @file DIPN's views: a recurrent layer for each, attention over the events of a view, and attention over views. */
import { gruLayers } from '../../nn/gru.ts'
import { normal, xavier, zeros } from '../../nn/init.ts'
import { linear } from '../../nn/linear.ts'
import { greater, where } from '../../tensor/compare.ts'
import { add, mul, tanh } from '../../tensor/elementwise.ts'
import { concat } from '../../tensor/move.ts'
import { constant, parameter, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import { maskBias } from '../parts/attention-bias.ts'

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
): (x_BLE: Tensor, open_MBL: Tensor) => Attended {
  const recur = gruLayers('gru', views, [from, width])
  const weight = parameter('bottom.weight', [views, width, width], xavier(width, width))
  const bias = parameter('bottom.bias', [views, 1, width], zeros)
  const output = parameter('bottom.output', [views, width, 1], xavier(width, 1))
  const empty = parameter('bottom.empty', [views, 1, width], normal())
  const inner = linear('top', [width, width])
  const outer = parameter('top.output', [width, 1], xavier(width, 1))

  /** (3) */
  const weigh = (hidden_MBLW: Tensor, open_MBL: Tensor): Tensor => {
    const [, rows, length] = dims(open_MBL, 3)
    const inner_MRW = tanh(add(hidden_MBLW.reshape([views, rows * length, width]).matmul(weight), bias))
    const score_MBL = inner_MRW.matmul(output).reshape([views, rows, length])
    return add(score_MBL, maskBias(open_MBL)).softmax()
  }
  /** (4) */
  const shares = (view_MBW: Tensor): Tensor => {
    const rows = view_MBW.shape[1] as number
    if (top === 'mean') return constant(new Float32Array(rows * views).fill(1 / views), [rows, views])
    return tanh(inner(view_MBW)).matmul(outer).reshape([views, rows]).transpose().softmax()
  }
  return (x_BLE, open_MBL) => {
    const [rows, length] = dims(x_BLE, 3)
    const hidden_MBLW = recur(x_BLE, open_MBL)
    const weight_MBL = bottom === 'attention' ? weigh(hidden_MBLW, open_MBL) : undefined
    // A state stays as it is after the last event of its view.
    const read = weight_MBL
      ? weight_MBL.reshape([views, rows, 1, length]).matmul(hidden_MBLW)
      : hidden_MBLW.slice(2, length - 1, length)
    const isThere = greater(open_MBL.sum([2], { keep: true }), 0)
    const view_MBW = where(isThere, read.reshape([views, rows, width]), empty)
    const share_BM = shares(view_MBW)
    const view_BMW = view_MBW.transpose([1, 0, 2])
    const z_BW = mul(view_BMW, share_BM.unsqueeze(2)).sum([1])
    return { s_BS: concat([z_BW, view_BMW.reshape([rows, views * width])], 1), share_BM, weight_MBL }
  }
}

/** @file A parameter's whole gradient after a training step, for tests. */
import type { GradientParts, ParameterState } from '../learn/parameters.ts'

/** The dense part of a gradient and its sparse rows added up, [the parameter's shape]. */
export function wholeGradient(state: ParameterState, { name, dense, sparse }: GradientParts): Float32Array {
  const { gradient, shape } = state.buffers.get(name)!
  const sum = dense ? Float32Array.from(gradient) : new Float32Array(gradient.length)
  const width = gradient.length / (shape[0] as number)
  for (const { ids, rows } of sparse) {
    for (let at = 0; at < rows.length; at++) {
      const to = Number(ids[Math.floor(at / width)]) * width + (at % width)
      sum[to] = (sum[to] as number) + (rows[at] as number)
    }
  }
  return sum
}

/** @file Operators that move values without computing: transpose, slice, pad, split, concat, stack, cast. */
import { Bug } from '../errors.ts'
import {
  constant,
  type DataType,
  elementTypes,
  integers,
  operation,
  operations,
  sizeOf,
  type Tensor,
} from './operation.ts'
import { reshape } from './primitives.ts'
import { frontAxis } from './shape.ts'

export { expand, reshape, sumTo } from './primitives.ts'

/** Axes in another order; by default the last two swapped. */
export function transpose(x: Tensor, order: readonly number[] = swapLast(x.shape.length)): Tensor {
  const inverse = x.shape.map((_, axis) => order.indexOf(axis))
  if (order.length !== x.shape.length || inverse.includes(-1))
    throw new Bug(`transpose of [${x.shape.join(', ')}] in the order [${order.join(', ')}]`)
  return operation('Transpose', {
    attributes: { perm: { ints: order } },
    inputs: [x],
    shape: order.map((axis) => x.shape[axis] as number),
    gradient: ([g]) => [g && transpose(g, inverse)],
  })
}

const swapLast = (rank: number): number[] =>
  Array.from({ length: rank }, (_, axis) => (axis === rank - 2 ? rank - 1 : axis === rank - 1 ? rank - 2 : axis))

/** Elements [start, end) along one axis. */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  const along = frontAxis(axis, x.shape.length)
  const size = x.shape[along] as number
  if (start < 0 || end > size || start >= end)
    throw new Bug(`slice [${start}, ${end}) of axis ${axis} with size ${size}`)
  if (start === 0 && end === size) return x
  return operation('Slice', {
    inputs: [x, integers([start]), integers([end]), integers([along])],
    shape: x.shape.with(along, end - start),
    gradient: ([g]) => [g && pad(g, along, start, size - end)],
  })
}

/** Zeros added before and after along one axis. */
export function pad(x: Tensor, axis: number, before: number, after: number): Tensor {
  const along = frontAxis(axis, x.shape.length)
  const size = x.shape[along] as number
  const zeros = x.shape.map(() => 0)
  return operation('Pad', {
    inputs: [x, integers([...zeros.with(along, before), ...zeros.with(along, after)])],
    shape: x.shape.with(along, size + before + after),
    gradient: ([g]) => [g && slice(g, along, before, before + size)],
  })
}

/** Parts of the given sizes along one axis, in order. Their gradients are put together in one pass. */
export function split(x: Tensor, axis: number, sizes: readonly number[]): readonly Tensor[] {
  const along = frontAxis(axis, x.shape.length)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  if (total !== x.shape[along])
    throw new Bug(`split of axis ${axis} with size ${x.shape[along]} into ${sizes.join(' + ')}`)
  if (sizes.length === 1) return [x]
  const parts: readonly Tensor[] = operations('Split', {
    attributes: { axis: { int: along } },
    inputs: [x, integers(sizes)],
    shapes: sizes.map((size) => x.shape.with(along, size)),
    gradient: (gradients) => {
      const given = parts.map(
        (part, index) => gradients[index] ?? constant(new Float32Array(sizeOf(part.shape)), part.shape),
      )
      return [concat(given, along)]
    },
  })
  return parts
}

/** Tensors side by side along one axis. */
export function concat(parts: readonly Tensor[], axis: number): Tensor {
  const [first] = parts
  if (!first) throw new Bug('concat of nothing')
  const along = frontAxis(axis, first.shape.length)
  const ends: number[] = []
  for (const { shape } of parts) {
    const fits =
      shape.length === first.shape.length &&
      shape.every((size, other) => other === along || size === first.shape[other])
    if (!fits) throw new Bug(`concat along axis ${along} of [${first.shape.join(', ')}] and [${shape.join(', ')}]`)
    ends.push((ends.at(-1) ?? 0) + (shape[along] as number))
  }
  return operation('Concat', {
    attributes: { axis: { int: along } },
    inputs: parts,
    shape: first.shape.with(along, ends.at(-1) as number),
    gradient: ([g]) =>
      parts.map(
        (part, index) =>
          g && slice(g, along, (ends[index] as number) - (part.shape[along] as number), ends[index] as number),
      ),
  })
}

/** A new axis of size 1 at `axis`, counted in the result: x [A, B] at 1 -> [A, 1, B]. */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  return reshape(x, x.shape.toSpliced(frontAxis(axis, x.shape.length + 1), 0, 1))
}

/** Same-shaped tensors side by side along a new axis, counted in the result: n of [A, B] at 0 -> [n, A, B]. */
export function stack(parts: readonly Tensor[], axis: number): Tensor {
  return concat(
    parts.map((part) => unsqueeze(part, axis)),
    axis,
  )
}

/** Another element type; no gradient flows. */
export function cast(x: Tensor, dtype: DataType): Tensor {
  return operation('Cast', { attributes: { to: { int: elementTypes[dtype] } }, inputs: [x], shape: x.shape, dtype })
}

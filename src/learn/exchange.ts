/**
 * @file One step of several ranks, each with a batch of its own: gradients and losses become their means over all
 * targets, on every rank to the same bytes.
 */
import type { Ranks } from '../mpi/ranks.ts'
import { sizeOf } from '../tensor/node.ts'
import { type HostRows, numbered, type RowsElsewhere } from './held-rows.ts'
import type { GradientParts, ParameterBuffers, ParameterState } from './parameters.ts'
import { addRows, sumRows } from './parameters.ts'
import type { StepResult } from './step.ts'

/** What a rank brings to a step. */
export interface OwnStep {
  /** Which gradients there are: the same on every rank. */
  readonly gradients: readonly GradientParts[]
  /** The names of the parts of the loss. */
  readonly parts: readonly string[]
  /** Undefined for a rank that no batch was left for. */
  readonly result: Pick<StepResult, 'loss' | 'parts' | 'targets'> | undefined
  /** Whether this rank was asked to stop. */
  readonly stop: boolean
  /** Whether it wants a checkpoint after the step. */
  readonly save?: boolean
  /** What can be done while gradients are on their way. */
  readonly meanwhile?: () => void
}

/** The step of all ranks. */
export interface SharedStep extends Pick<StepResult, 'loss' | 'parts' | 'targets'> {
  /** For `applyGradients`. */
  readonly gradients: readonly GradientParts[]
  /** Whether any rank was asked to stop, or wants a checkpoint. */
  readonly stop: boolean
  readonly save: boolean
}

/**
 * Exchanges what the steps of all ranks came to. A mean over all targets is what one process would have of all batches
 * together, as long as a loss is a mean over targets itself. Dense gradients travel as one array. Of tables that are
 * read by rows only those rows travel that some rank read: to all ranks, or to the one that holds them.
 */
export async function exchanged(state: ParameterState, own: OwnStep, ranks: Ranks): Promise<SharedStep> {
  const targets = own.result?.targets ?? 0
  const lossOf = (name: string): number => (own.result?.parts[name] ?? 0) * targets
  const told = Float64Array.of(
    targets,
    Number(own.stop),
    Number(own.save ?? false),
    (own.result?.loss ?? 0) * targets,
    ...own.parts.map(lossOf),
  )
  await ranks.sum(told)
  const [all = 0, stopping = 0, saving = 0, loss = 0, ...parts] = told
  const share = targets / all
  const dense = own.gradients.filter((part) => part.dense)
  const byRows = own.gradients.filter((part) => !part.dense)
  const elsewhere = (part: GradientParts): boolean => buffersOf(state, part).held.elsewhere !== undefined
  const weight = { share, hasBatch: own.result !== undefined }
  await sumDense(state, dense, { ...weight, ...own }, ranks)
  return {
    targets: all,
    stop: stopping > 0,
    save: saving > 0,
    loss: loss / all,
    parts: Object.fromEntries(own.parts.map((name, at) => [name, (parts[at] as number) / all])),
    gradients: [
      ...dense.map(({ name }) => ({ name, dense: true, sparse: [] })),
      ...(await gatherRows(
        state,
        byRows.filter((part) => !elsewhere(part)),
        weight,
        ranks,
      )),
      ...(await giveRows(state, byRows.filter(elsewhere), weight)),
    ],
  }
}

/** What a rank's own gradient counts. */
interface Weight {
  readonly share: number
  /** Without a batch, buffers hold what an earlier step left. */
  readonly hasBatch: boolean
}

const buffersOf = (state: ParameterState, { name }: GradientParts): ParameterBuffers =>
  state.buffers.get(name) as ParameterBuffers
const widthOf = ({ shape }: ParameterBuffers): number => sizeOf(shape.slice(1))

/** Leaves the mean of all ranks in the gradient buffers. */
async function sumDense(
  state: ParameterState,
  parts: readonly GradientParts[],
  { share, hasBatch, meanwhile }: Weight & Pick<OwnStep, 'meanwhile'>,
  ranks: Ranks,
): Promise<void> {
  const buffers = parts.map((part) => buffersOf(state, part))
  const whole = new Float32Array(buffers.reduce((sum, { gradient }) => sum + gradient.length, 0))
  let begin = 0
  for (const [at, { sparse }] of parts.entries()) {
    const { gradient } = buffers[at] as ParameterBuffers
    if (hasBatch) {
      for (const rows of sparse) addRows(gradient, rows, widthOf(buffers[at] as ParameterBuffers))
      for (let index = 0; index < gradient.length; index++) whole[begin + index] = share * (gradient[index] as number)
    }
    begin += gradient.length
  }
  const sending = ranks.sum(whole)
  meanwhile?.()
  await sending
  begin = 0
  for (const { gradient } of buffers) {
    gradient.set(whole.subarray(begin, begin + gradient.length))
    begin += gradient.length
  }
}

/** The rows that any rank has a gradient of, once for each rank that has. */
async function gatherRows(
  state: ParameterState,
  parts: readonly GradientParts[],
  { share, hasBatch }: Weight,
  ranks: Ranks,
): Promise<readonly GradientParts[]> {
  if (parts.length === 0) return []
  const touched = parts.map((part) => {
    const buffers = buffersOf(state, part)
    const [width, tableRows] = [widthOf(buffers), buffers.shape[0] as number]
    return hasBatch ? sumRows(buffers.gradient, part.sparse, { width, tableRows }) : new Int32Array(0)
  })
  const counts = await ranks.gather(Int32Array.from(touched, ({ length }) => length))
  const ids = await ranks.gather(Int32Array.from(touched.flatMap((rows) => [...rows])))
  const values = await ranks.gather(valuesOf(state, parts, touched, share))
  const found: HostRows[][] = parts.map(() => [])
  let [id, value] = [0, 0]
  for (let at = 0; at < counts.length; at++) {
    const part = at % parts.length
    const count = counts[at] as number
    const width = widthOf(buffersOf(state, parts[part] as GradientParts))
    found[part]?.push({
      ids: BigInt64Array.from(ids.subarray(id, id + count), BigInt),
      rows: values.subarray(value, value + count * width),
    })
    id += count
    value += count * width
  }
  return parts.map(({ name }, at) => ({ name, dense: false, sparse: found[at] as HostRows[] }))
}

/** The rows that this rank holds and any rank has a gradient of, once for each that has. */
async function giveRows(
  state: ParameterState,
  parts: readonly GradientParts[],
  { share, hasBatch }: Weight,
): Promise<readonly GradientParts[]> {
  const given: GradientParts[] = []
  for (const part of parts) {
    const buffers = buffersOf(state, part)
    const width = widthOf(buffers)
    const { ids, rows } = summed(hasBatch ? part.sparse : [], width)
    for (let at = 0; at < rows.length; at++) rows[at] = share * (rows[at] as number)
    const sparse = await (buffers.held.elsewhere as RowsElsewhere).give(ids, rows, width)
    given.push({ name: part.name, dense: false, sparse })
  }
  return given
}

/** Each row once, as the sum of its parts, in a table of these rows alone. */
function summed(sparse: readonly HostRows[], width: number): { readonly ids: Int32Array; readonly rows: Float32Array } {
  const { ids, places } = numbered(sparse.map((part) => part.ids))
  const sums = new Float32Array(ids.length * width)
  const among = sparse.map(({ rows }, at) => ({ ids: BigInt64Array.from(places[at] as Int32Array, BigInt), rows }))
  sumRows(sums, among, { width, tableRows: ids.length })
  return { ids, rows: sums }
}

/** The gradients of touched rows, part after part, as they count. */
function valuesOf(
  state: ParameterState,
  parts: readonly GradientParts[],
  touched: readonly Int32Array[],
  share: number,
): Float32Array {
  const widths = parts.map((part) => widthOf(buffersOf(state, part)))
  const values = new Float32Array(touched.reduce((sum, { length }, at) => sum + length * (widths[at] as number), 0))
  let to = 0
  for (const [at, part] of parts.entries()) {
    const { gradient } = buffersOf(state, part)
    const width = widths[at] as number
    for (const row of touched[at] as Int32Array)
      for (let column = 0; column < width; column++) values[to++] = share * (gradient[row * width + column] as number)
  }
  return values
}

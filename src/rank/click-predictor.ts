/** @file A trained model of clicks at work: probabilities of samples, and of many candidates for one user. */
import { historyLengths } from '../batches/click-batches.ts'
import type { ClickSamples } from '../dataset/click-samples.ts'
import type { Dataset } from '../dataset/schema.ts'
import type { Predictions } from '../evaluate/clicks.ts'
import { clickInputs } from '../models/contract/click-inputs.ts'
import type { ClickModel } from '../models/contract/click-model.ts'
import type { FrozenInputs } from '../models/contract/frozen-inputs.ts'
import {
  type ClickHistory,
  type ClickWords,
  clickFrozen,
  clickWords,
  fillHistory,
} from '../models/contract/impression-inputs.ts'
import { noNoise } from '../nn/noise.ts'
import { fixedTensors } from '../onnx/fixed.ts'
import { buildGraph } from '../onnx/graph.ts'
import { compile, type Program, type RuntimeOptions } from '../runtime/session.ts'
import { sigmoid } from '../tensor/elementwise.ts'
import { sizeOf } from '../tensor/node.ts'
import { bindAll, type ParameterValues } from './scorer.ts'

/** Probabilities of clicks, and what the model says of them: rows of `attention` [candidates, L] (over the last L events) and `gates` [candidates, gates]. */
export interface ClickPrediction {
  readonly probability: Float32Array
  readonly length: number
  readonly reasons: Readonly<Record<string, Float32Array>>
}

/** A model of clicks, ready to predict. */
export interface ClickPredictor extends AsyncDisposable {
  /** Reads the parameters anew after they changed in place. */
  refresh(): void
  /** Probabilities of samples by number, each from its own history. */
  samples(numbers: Int32Array): Promise<Float32Array>
  /** Probabilities of candidates for one user, whose history is read once. */
  candidates(history: ClickHistory, items: ArrayLike<number>): Promise<ClickPrediction>
}

/** What a predictor is made of. */
export interface PredictorParts {
  readonly model: ClickModel
  readonly dataset: Dataset
  readonly samples: ClickSamples
  readonly parameters: ParameterValues
  readonly runtime?: RuntimeOptions
}

interface Shape {
  readonly rows: number
  readonly histories: number
  readonly length: number
}
interface Serving extends Shape {
  /** Computes what no request changes, if there is anything; the program reads its outputs. */
  readonly once: Program | undefined
  /** The count of refreshes that `once` has seen; below 0 before its first run. */
  seen: number
  readonly program: Program
  readonly words: ClickWords
}

/** The most candidates of one pass. */
const most = 1024

/** Makes a predictor; graphs are compiled when a batch of their size first comes. */
export function clickPredictor({ model, dataset, samples, parameters, runtime = {} }: PredictorParts): ClickPredictor {
  const frozen = clickFrozen(dataset, samples.vocabulary)
  const lengths = historyLengths(model.maxLength)
  const servings = new Map<string, Promise<Serving>>()
  let refreshes = 0
  const serving = async (shape: Shape): Promise<Serving> => {
    const key = Object.values(shape).join(' ')
    const making = servings.get(key) ?? compiled(model, shape, { parameters, frozen, runtime })
    servings.set(key, making)
    const made = await making
    if (made.seen !== refreshes) await made.once?.run()
    made.seen = refreshes
    return made
  }
  const lengthFor = (events: number): number => lengths.find((length) => events <= length) ?? (lengths.at(-1) as number)

  return {
    refresh: () => void refreshes++,
    async samples(numbers) {
      const probability = new Float32Array(numbers.length)
      const { columns, user, item, end } = samples
      const begin = (sample: number): number => columns.start[user[sample] as number] as number
      for (const [length, places] of byLength(numbers, (sample) =>
        lengthFor((end[sample] as number) - begin(sample)),
      )) {
        for (let from = 0; from < places.length; from += most) {
          const part = places.slice(from, from + most)
          const { program, words } = await serving({ rows: most, histories: most, length })
          for (const [row, place] of part.entries()) {
            const sample = numbers[place] as number
            fillHistory(
              columns,
              { user: user[sample] as number, begin: begin(sample), end: end[sample] as number, row },
              { words, length },
            )
            words.item[2 * row] = item[sample] as number
          }
          await program.run()
          const found = program.outputs['probability'] as Float32Array
          for (const [row, place] of part.entries()) probability[place] = found[row] as number
        }
      }
      return probability
    },
    async candidates(history, items) {
      const events = history.item.length
      const length = lengthFor(events)
      const parts: Record<string, Float32Array[]> = {}
      for (let from = 0; from < items.length; from += most) {
        const count = Math.min(most, items.length - from)
        const { program, words, rows } = await serving({
          rows: Math.max(8, 2 ** Math.ceil(Math.log2(count))),
          histories: 1,
          length,
        })
        fillHistory(history, { user: history.user, begin: 0, end: events, row: 0 }, { words, length })
        // Rows beyond the candidates repeat the last one; what they give is not read.
        for (let row = 0; row < rows; row++) words.item[2 * row] = items[from + Math.min(row, count - 1)] as number
        await program.run()
        for (const [name, values] of Object.entries(program.outputs) as [string, Float32Array][]) {
          ;(parts[name] ??= []).push(values.slice(0, (values.length / rows) * count))
        }
      }
      const { probability = new Float32Array(0), ...reasons } = Object.fromEntries(
        Object.entries(parts).map(([name, values]) => [name, joined(values)]),
      )
      return { probability, length, reasons }
    },
    async [Symbol.asyncDispose]() {
      for (const made of servings.values()) {
        const { once, program } = await made
        await program[Symbol.asyncDispose]()
        await once?.[Symbol.asyncDispose]()
      }
    },
  }
}

/** What a run of clicks says of one part's samples, with the truth beside it. */
export async function predictionsOf(
  {
    run,
    samples,
    predictor,
  }: { readonly run: { readonly model: string }; readonly samples: ClickSamples; readonly predictor: ClickPredictor },
  part: 'validation' | 'test',
): Promise<Predictions> {
  const numbers = samples[part]
  const of = (column: ArrayLike<number>) => (sample: number) => column[sample] as number
  const [user, label] = [Int32Array.from(numbers, of(samples.user)), Uint8Array.from(numbers, of(samples.label))]
  return { model: run.model, probability: await predictor.samples(numbers), user, label }
}

/** Places of a list, grouped by what they need. */
function byLength(numbers: Int32Array, lengthOf: (sample: number) => number): Map<number, number[]> {
  const groups = new Map<number, number[]>()
  for (const [place, sample] of numbers.entries()) {
    const length = lengthOf(sample)
    const group = groups.get(length)
    if (group) group.push(place)
    else groups.set(length, [place])
  }
  return groups
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

async function compiled(
  model: ClickModel,
  shape: Shape,
  { parameters, frozen, runtime }: { parameters: ParameterValues; frozen: FrozenInputs; runtime: RuntimeOptions },
): Promise<Serving> {
  const { inputs, batch } = clickInputs(shape)
  const { logit_B, reasons } = model.forward(batch, noNoise)
  const outputs = { probability: sigmoid(logit_B), ...(shape.histories === 1 ? reasons : {}) }
  const fixed = fixedTensors(Object.values(outputs), (name) => name in inputs)
  const nameOf = (at: number): string => `once.${at}`
  const graph = buildGraph(outputs, { given: new Map(fixed.map((tensor, at) => [tensor, nameOf(at)])) })
  const program = await compile(graph, runtime)
  bindAll(program, graph, parameters, frozen)
  let once: Program | undefined
  if (fixed.length > 0) {
    const onceGraph = buildGraph(Object.fromEntries(fixed.map((tensor, at) => [nameOf(at), tensor])))
    once = await compile(onceGraph, runtime)
    bindAll(once, onceGraph, parameters, frozen)
    for (const [name, buffer] of Object.entries(once.outputs)) program.bind(name, buffer)
  }
  const buffers: Record<string, BigInt64Array> = {}
  for (const [name, tensor] of Object.entries(inputs)) {
    buffers[name] = new BigInt64Array(sizeOf(tensor.shape))
    if (graph.inputs.has(name)) program.bind(name, buffers[name])
  }
  return { ...shape, once, seen: -1, program, words: clickWords(buffers) }
}

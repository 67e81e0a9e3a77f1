/**
 * @file A trained model of clicks at work: probabilities of samples, and of many candidates for one user. Several may
 * ask at once.
 */
import type { RatedHistory } from '../batches/impressions.ts'
import type { BatchShape } from '../batches/kind.ts'
import { bucketLengths, lengthFor } from '../batches/lengths.ts'
import type { ClickSamples } from '../dataset/click-samples.ts'
import { isKnownUser } from '../dataset/click-vocabulary.ts'
import type { Dataset, FeatureModality } from '../dataset/schema.ts'
import { withoutVectors } from '../dataset/without-vectors.ts'
import { Bug } from '../errors.ts'
import type { Predictions } from '../evaluate/clicks.ts'
import { catalogInputs } from '../models/contract/catalog.ts'
import type { BuiltModel, Memory } from '../models/contract/model.ts'
import { servingPass } from '../models/contract/serving-pass.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { sigmoid } from '../tensor/elementwise.ts'
import { type ParameterValues, readsVectors, type ServedGraph, servedGraphs } from './served-graphs.ts'

/**
 * Probabilities of clicks, and what the model says of them: rows of `attention` [candidates, L] (over the last L
 * events) and `gates` [candidates, gates].
 */
export interface ClickPrediction {
  readonly probability: Float32Array
  readonly length: number
  readonly reasons: Readonly<Record<string, Float32Array>>
}

/** Is told how many samples are done. */
type Counted = (done: number, all: number) => void

/** A model of clicks, ready to predict. */
export interface ClickPredictor extends AsyncDisposable {
  /** What the columns of the reason `gates` open and close. */
  readonly gates: readonly string[]
  /** Reads the parameters anew after they changed in place; nobody may ask meanwhile. */
  refresh(): Promise<void>
  /** Probabilities of samples by number, each from its own history. @param counted is told how many are done */
  samples(numbers: Int32Array, counted?: Counted): Promise<Float32Array>
  /** Probabilities of candidates for one user, whose history is read once. */
  candidates(history: RatedHistory, items: ArrayLike<number>): Promise<ClickPrediction>
  /** Whether a graph that was compiled so far reads the vectors of a modality. */
  reads(modality: FeatureModality): boolean
  /** The same where no item has a vector of a modality; compiled when it is first asked. */
  without(modality: FeatureModality): ClickPredictor
}

/** What a predictor is made of. */
export interface PredictorParts {
  readonly slug: string
  readonly model: BuiltModel
  readonly dataset: Dataset
  readonly samples: ClickSamples
  readonly parameters: ParameterValues
  readonly memory?: Memory
  readonly runtime: Runtime
}

/** The most candidates of one pass. */
const candidatesAtOnce = 1024

/** Makes a predictor; graphs are compiled when a batch of their size first comes. */
export function clickPredictor(parts: PredictorParts): ClickPredictor {
  const { slug, model, dataset, samples, parameters, memory = {}, runtime } = parts
  const { score, batches } = model
  if (score.kind !== 'clicks') throw new Bug(`${slug} ranks the catalog and predicts no clicks`)
  const frozen = catalogInputs(dataset, { vocabulary: samples.vocabulary, own: model.frozen ?? {} })
  const graphs = servedGraphs({ parameters, memory, frozen, runtime })
  const lengths = bucketLengths(model.history.maxLength)
  const compiled = new Map<string, Promise<ServedGraph>>()
  const graphOf = (shape: BatchShape): Promise<ServedGraph> => {
    const key = JSON.stringify(shape)
    const make = (): Promise<ServedGraph> => {
      const { inputs, batch } = batches.declare(shape)
      const { logit_B, reasons } = score.forward(batch, servingPass)
      return graphs.compile({ probability: sigmoid(logit_B), ...(shape.histories === 1 ? reasons : {}) }, inputs)
    }
    const made = compiled.get(key) ?? make()
    compiled.set(key, made)
    return made
  }
  /** Fills, runs and reads one batch in one turn. */
  const read = async <Result>(
    shape: BatchShape,
    rows: unknown,
    copy: (outputs: Readonly<Record<string, Float32Array>>) => Result,
  ): Promise<Result> => {
    const graph = await graphOf(shape)
    return graph.turn(async () => {
      batches.fill(rows as never, shape, graph.buffers)
      return copy(await graph.run())
    })
  }

  const others = new Map<FeatureModality, ClickPredictor>()
  return {
    gates: score.gates ?? [],
    without(modality) {
      const other = others.get(modality) ?? clickPredictor({ ...parts, dataset: withoutVectors(dataset, [modality]) })
      others.set(modality, other)
      return other
    },
    async refresh() {
      await graphs.refresh()
      for (const other of others.values()) await other.refresh()
    },
    reads: (modality) => readsVectors(graphs, modality),
    async samples(numbers, counted) {
      const probability = new Float32Array(numbers.length)
      let done = 0
      const { columns, user, end } = samples
      const events = (sample: number): number =>
        (end[sample] as number) - (columns.start[user[sample] as number] as number)
      for (const [length, places] of byLength(numbers, (sample) => lengthFor(events(sample), lengths))) {
        for (let from = 0; from < places.length; from += candidatesAtOnce) {
          const part = places.slice(from, from + candidatesAtOnce)
          const shape = { rows: candidatesAtOnce, length, targets: 0 }
          await read(
            shape,
            { samples, numbers: part.map((place) => numbers[place] as number) },
            ({ probability: found }) => {
              for (const [row, place] of part.entries()) probability[place] = found?.[row] as number
            },
          )
          done += part.length
          counted?.(done, numbers.length)
        }
      }
      return probability
    },
    async candidates(history, items) {
      const length = lengthFor(history.item.length, lengths)
      const found: Record<string, Float32Array[]> = {}
      for (let from = 0; from < items.length; from += candidatesAtOnce) {
        const candidates = Array.from(
          { length: Math.min(candidatesAtOnce, items.length - from) },
          (_, at) => items[from + at] as number,
        )
        const count = candidates.length
        const rows = Math.max(8, 2 ** Math.ceil(Math.log2(count)))
        await read({ rows, length, targets: 0, histories: 1 }, { history, candidates }, (outputs) => {
          for (const [name, values] of Object.entries(outputs)) {
            ;(found[name] ??= []).push(values.slice(0, (values.length / rows) * count))
          }
        })
      }
      const { probability = new Float32Array(0), ...reasons } = Object.fromEntries(
        Object.entries(found).map(([name, values]) => [name, joined(values)]),
      )
      return { probability, length, reasons }
    },
    async [Symbol.asyncDispose]() {
      await graphs[Symbol.asyncDispose]()
      for (const other of others.values()) await other[Symbol.asyncDispose]()
    },
  }
}

/** What a run of clicks says of one part's samples, with the truth beside it. */
export async function predictionsOf(
  {
    model,
    samples,
    predictor,
  }: { readonly model: string; readonly samples: ClickSamples; readonly predictor: ClickPredictor },
  part: 'validation' | 'test',
  counted?: Counted,
): Promise<Predictions> {
  const numbers = samples[part]
  const of = (column: ArrayLike<number>) => (sample: number) => column[sample] as number
  const [user, label] = [Int32Array.from(numbers, of(samples.user)), Uint8Array.from(numbers, of(samples.label))]
  const known = Uint8Array.from(user, (index) => (isKnownUser(samples.vocabulary, index) ? 1 : 0))
  return { kind: 'clicks', model, probability: await predictor.samples(numbers, counted), user, label, known }
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

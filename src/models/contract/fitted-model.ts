/**
 * @file The contract of models that are fitted by counting, without gradients: from training rows to tensors, from
 * tensors to a scorer.
 */
import type * as z from 'zod'
import type { Dataset, Split } from '../../dataset/schema.ts'
import { UserError } from '../../errors.ts'
import type { StoredTensor } from '../../storage/safetensors.ts'
import type { Places } from './places.ts'
import type { Scorer } from './scorer.ts'

/**
 * A model that is fitted in one pass; its state is plain tensors, so a checkpoint can hold it like any other model's.
 */
export interface FittedModel<Config> {
  readonly slug: string
  readonly task: 'counting'
  /** Its name in docs and tables. */
  readonly title: string
  /** The only place its settings are written: types, defaults, checks. */
  readonly config: z.ZodType<Config>
  /** Fits on the training rows [events.start[u], trainEnd[u]) of each user and nothing else. */
  fit(
    dataset: Dataset,
    split: Split,
    config: Config,
    /** Is told how many items are done, where that may take long. */
    counted?: (done: number, all: number) => void,
  ): Record<string, StoredTensor>
  /** Bytes that `fit` takes at its peak; none worth telling by default. */
  bytes?(dataset: Dataset, split: Split, config: Config): number
  /** The tensors for a dataset whose items have other numbers, that came or went. */
  relaid(tensors: Readonly<Record<string, StoredTensor>>, items: Places): Readonly<Record<string, StoredTensor>>
  /**
   * Makes a scorer of fitted tensors.
   * @throws UserError `mismatched` when a tensor is missing or of another catalog's size
   */
  load(tensors: Readonly<Record<string, StoredTensor>>, dataset: Dataset, config: Config): Scorer
}

/**
 * The named tensor, which must have this many elements where a number is given.
 * @throws UserError `mismatched` when it is missing or of another size: the checkpoint is another model's or another
 * catalog's
 */
export function fittedTensor<Data extends StoredTensor['data']>(
  model: string,
  tensors: Readonly<Record<string, StoredTensor>>,
  name: string,
  kind: new (length: number) => Data,
  length?: number,
): Data {
  const data = tensors[name]?.data
  if (data instanceof kind && (length === undefined || data.length === length)) return data
  const value =
    data === undefined
      ? `no tensor "${name}"`
      : `tensor "${name}" has ${data.length} elements of ${data.constructor.name}`
  const expected = `${length === undefined ? '' : `${length} elements of `}${kind.name}`
  throw new UserError({
    where: `${model} checkpoint`,
    problem: 'mismatched',
    value,
    expected,
    hint: 'train the model again on this dataset',
  })
}

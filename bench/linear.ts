/**
 * @file `npm run -s bench -- linear`: rows a second that LR and FM train on, with as many fields as Criteo has and no
 * history.
 */
import { fm } from '../src/models/clicks/fm.ts'
import { lr } from '../src/models/clicks/lr.ts'
import { catalogShape } from '../src/models/contract/catalog.ts'
import type { BuiltModel } from '../src/models/contract/model.ts'
import { clickData } from './click-data.ts'
import { clickSteps } from './click-steps.ts'
import { type BenchResult, median } from './result.ts'

/** 26 categorical fields, the two ids among them, and 13 numbers, as Criteo has; FM's vectors have 10, as FuxiCTR's. */
const sizes = { batch: 16_384, items: 100_000, users: 100_000, embeddingSize: 10, threads: 2, steps: 12 }
const values = [2000, 1000, 500, 200, 100, 50, 20, 10, 10, 5, 5, 3] as const
const limit = 300_000

/** FM's rows a second, LR's beside them. */
export async function linear(): Promise<BenchResult> {
  const { batch, items, users, embeddingSize, threads, steps } = sizes
  const fields = { itemFields: values, userFields: values, itemNumbers: 7, userNumbers: 6 }
  const data = clickData({ items, users, length: 0, samples: 6 * batch, ...fields })
  const shape = catalogShape(data.dataset, data.samples.vocabulary)
  const rowsPerSecond = async (model: BuiltModel): Promise<number> =>
    (1e3 * batch) / median(await clickSteps({ ...data, model, batchSize: batch, steps, threads }))
  const logistic = await rowsPerSecond(lr.build(lr.config.parse({ history: false }), shape))
  const ours = await rowsPerSecond(fm.build(fm.config.parse({ history: false, embeddingSize }), shape))
  const settings = { ...sizes, fields: 26, numbers: 13, lr: logistic, lrRatio: logistic / limit, limit }
  return { name: 'linear', ours, peer: null, ratio: ours / limit, unit: 'rows/s, FM', settings }
}

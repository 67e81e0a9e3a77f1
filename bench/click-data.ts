/**
 * @file Generated data for the benches of click prediction: full histories, items drawn with a long tail, fields and
 * vectors of random values.
 */
import type { ClickSamples } from '../src/dataset/click-samples.ts'
import type { Dataset, FeatureModality, Field } from '../src/dataset/schema.ts'
import { randomStream } from '../src/random/stream.ts'

/** How much of what. */
interface ClickDataSizes {
  readonly items: number
  readonly users: number
  /** Events of each user. */
  readonly length: number
  readonly samples: number
  /** Numbers of values of the items' and the users' categorical fields. */
  readonly itemFields?: readonly number[]
  readonly userFields?: readonly number[]
  readonly itemNumbers?: number
  readonly userNumbers?: number
  /** Width of a picture's and a title's vector. */
  readonly vectors?: number
}

/** A dataset as far as models of clicks read it, and its samples, all of them to train on. */
export function clickData(sizes: ClickDataSizes): { readonly dataset: Dataset; readonly samples: ClickSamples } {
  const {
    items,
    users,
    length,
    samples: count,
    itemFields = [],
    userFields = [],
    itemNumbers = 0,
    userNumbers = 0,
    vectors = 0,
  } = sizes
  const random = randomStream(0, 'click-data')
  const fieldsOf = (values: readonly number[], entries: number): Record<string, Field> =>
    Object.fromEntries(values.map((count, at) => [`field${at}`, fieldOf(count, entries)]))
  const fieldOf = (count: number, entries: number): Field => ({
    values: Int32Array.from({ length: entries + 1 }, (_, index) => (index === 0 ? 0 : 1 + random.integer(count))),
    vocabulary: Array<string>(count + 1).fill(''),
  })
  const normals = (size: number): Float32Array => Float32Array.from({ length: size }, () => random.normal())
  const table = () => ({
    width: vectors,
    vectors: normals((items + 1) * vectors),
    present: new Uint8Array(items + 1).fill(1),
  })
  /** Numeric fields by name; their values stand in the vocabulary alone. */
  const named = (count: number): Record<string, Float32Array> =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`number${at}`, new Float32Array(0)]))
  const features =
    vectors === 0 ? {} : ({ image: table(), text: table() } satisfies Partial<Record<FeatureModality, unknown>>)
  const dataset = {
    manifest: { behaviors: ['click'], target: 'click' },
    catalog: {
      ids: Array<string>(items + 1).fill(''),
      fields: fieldsOf(itemFields, items),
      numbers: named(itemNumbers),
    },
    userIds: Array<string>(users + 1).fill(''),
    users: { fields: fieldsOf(userFields, users), numbers: named(userNumbers) },
    features,
  } as unknown as Dataset
  const item = (): number => 1 + Math.floor(items * random.uniform() ** 3)
  const user = Int32Array.from({ length: count }, () => 1 + random.integer(users))
  const rowOf = (entries: number): Int32Array =>
    Int32Array.from({ length: entries + 1 }, (_, index) => (index === 0 ? 0 : index + 1))
  const samples: ClickSamples = {
    columns: {
      item: Int32Array.from({ length: users * length }, item),
      behavior: new Uint8Array(users * length),
      time: new Float64Array(users * length),
      start: Int32Array.from({ length: users + 2 }, (_, index) => Math.max(0, index - 1) * length),
    },
    user,
    item: Int32Array.from({ length: count }, item),
    time: new Float64Array(count),
    end: user.map((of) => of * length),
    label: Uint8Array.from({ length: count }, () => random.integer(2)),
    train: Int32Array.from({ length: count }, (_, sample) => sample),
    validation: new Int32Array(0),
    test: new Int32Array(0),
    vocabulary: {
      itemRow: rowOf(items),
      itemRows: items + 2,
      userRow: rowOf(users),
      userRows: users + 2,
      itemNumbers: normals(itemNumbers * (items + 1)),
      userNumbers: normals(userNumbers * (users + 1)),
      itemScales: [],
      userScales: [],
    },
  }
  return { dataset, samples }
}

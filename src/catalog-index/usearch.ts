/** @file Indexes that find the vectors of the largest products with one, by usearch; nothing else imports it. */
import { UserError } from '../errors.ts'

/** Vectors by their numbers, and how to find some of them. */
export interface ProductIndex {
  /** How many vectors it holds. */
  readonly size: number
  /** Adds vectors [n, width], numbered from `first` on, on so many threads. */
  add(first: number, vectors: Float32Array, threads: number): void
  /** Numbers of vectors whose product with this one is large. Who asks for more misses fewer of the best. */
  near(vector: Float32Array, count: number): readonly number[]
  save(path: string): void
}

/** Makes indexes. */
export interface ProductIndexes {
  make(width: number): ProductIndex
  /** One that was saved; its file is read where it lies, and several processes share what they read. */
  view(width: number, path: string): ProductIndex
}

/** How many neighbors a vector is linked with, and how many are looked at to find them. */
const links = { connectivity: 16, expansion: 128 } as const

/**
 * @param load loads the package
 * @throws UserError `missing` where it is not installed, or not for this system
 */
export async function productIndexes(load = (): Promise<Usearch> => import('usearch')): Promise<ProductIndexes> {
  const { Index, MetricKind, ScalarKind } = await load().catch(() => {
    throw notInstalled()
  })
  const empty = (width: number): InstanceType<typeof Index> =>
    new Index({
      dimensions: width,
      metric: MetricKind.IP,
      quantization: ScalarKind.F32,
      connectivity: links.connectivity,
      expansion_add: links.expansion,
      // Asking for more items widens a search, so that its width needs no setting of its own.
      expansion_search: 1,
      multi: false,
    })
  return {
    make: (width) => productIndex(empty(width)),
    view(width, path) {
      const index = empty(width)
      index.view(path)
      return productIndex(index)
    },
  }
}

type Usearch = typeof import('usearch')

const notInstalled = (): UserError =>
  new UserError({
    where: '--index',
    problem: 'missing',
    value: 'usearch',
    expected: 'the package that makes the index',
    hint: 'install it: npm install usearch',
  })

const productIndex = (index: InstanceType<Usearch['Index']>): ProductIndex => ({
  get size() {
    return index.size()
  },
  add(first, vectors, threads) {
    const count = vectors.length / index.dimensions()
    index.add(
      BigUint64Array.from({ length: count }, (_, at) => BigInt(first + at)),
      vectors,
      threads,
    )
  },
  // One vector on the caller's thread: to start another takes as long as to search.
  near: (vector, count) => Array.from(index.search(vector, count, 1).keys, Number),
  save: (path) => index.save(path),
})

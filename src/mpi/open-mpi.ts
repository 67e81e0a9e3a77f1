/**
 * @file Ranks of Open MPI, which `mpirun` starts. koffi calls the library; only Open MPI's: it names its communicator
 * and types by exported objects, where others have numbers.
 */
import { UserError } from '../errors.ts'
import type { Ranks, Sent } from './ranks.ts'

/** How many ranks `mpirun` of Open MPI started; 1 for a process that nobody started so. */
export const startedRanks = (environment: NodeJS.ProcessEnv = process.env): number =>
  Number(environment['OMPI_COMM_WORLD_SIZE'] ?? 1)

/** The libraries of Open MPI 4 and 5. */
const libraries = ['libmpi.so.40', 'libmpi.so', 'libmpi.40.dylib', 'libmpi.dylib']

/** Calls may come from several threads, one at a time. */
const serialized = 2

type Call = (...given: unknown[]) => number
interface AsyncCall extends Call {
  async(...given: unknown[]): void
}

/**
 * Joins the other ranks, which wait for this one.
 * @throws UserError `missing` where koffi or the library of Open MPI cannot be loaded
 */
export async function openMpi(): Promise<Ranks> {
  const koffi = await loadKoffi()
  const library = loadLibrary(koffi)
  const call = (declaration: string): AsyncCall => library.func(declaration)
  const object = (name: string): unknown => library.symbol(name, 'char')
  const world = object('ompi_mpi_comm_world')
  const types = { float: object('ompi_mpi_float'), double: object('ompi_mpi_double'), int: object('ompi_mpi_int') }
  const typeOf = (values: Sent): unknown => {
    if (values instanceof Float32Array) return types.float
    return values instanceof Float64Array ? types.double : types.int
  }
  const plus = object('ompi_mpi_op_sum')
  const inPlace = koffi.as(1n, 'void *')
  const allReduce = call('int MPI_Allreduce(void *from, void *to, int count, void *type, void *operation, void *world)')
  const allGather = call(
    'int MPI_Allgather(void *from, int count, void *type, void *to, int each, void *toType, void *world)',
  )
  const allGatherLists = call(
    'int MPI_Allgatherv(void *from, int count, void *type, void *to, void *counts, void *begins, void *toType, void *world)',
  )
  const allToAll = call(
    'int MPI_Alltoall(void *from, int count, void *type, void *to, int each, void *toType, void *world)',
  )
  const allToAllLists = call(
    'int MPI_Alltoallv(void *from, void *counts, void *begins, void *type, void *to, void *toCounts, void *toBegins, void *toType, void *world)',
  )
  const barrier = call('int MPI_Barrier(void *world)')
  const finalize = call('int MPI_Finalize()')
  const abort = call('int MPI_Abort(void *world, int code)')
  const numberOf = (declaration: string): number => {
    const found = [0]
    call(declaration)(world, found)
    return found[0] as number
  }
  call('int MPI_Init_thread(void *count, void *arguments, int wanted, _Out_ int *given)')(null, null, serialized, [0])
  const rank = numberOf('int MPI_Comm_rank(void *world, _Out_ int *rank)')
  const size = numberOf('int MPI_Comm_size(void *world, _Out_ int *size)')

  return {
    rank,
    size,
    sum: (values) => done(allReduce, inPlace, values, values.length, typeOf(values), plus, world),
    async gather(values) {
      const counts = new Int32Array(size)
      await done(allGather, Int32Array.of(values.length), 1, types.int, counts, 1, types.int, world)
      const all = arrayLike(values, totalOf(counts))
      const type = typeOf(values)
      await done(allGatherLists, values, values.length, type, all, counts, beginsOf(counts), type, world)
      return all
    },
    async trade(arrays) {
      const [first] = arrays as [(typeof arrays)[number]]
      const type = typeOf(first)
      const [out, back] = [Int32Array.from(arrays, ({ length }) => length), new Int32Array(size)]
      await done(allToAll, out, 1, types.int, back, 1, types.int, world)
      const [outBegins, backBegins] = [beginsOf(out), beginsOf(back)]
      const given = arrayLike(first, totalOf(out))
      for (const [rank, array] of arrays.entries()) given.set(array, outBegins[rank])
      const got = arrayLike(first, totalOf(back))
      await done(allToAllLists, given, out, outBegins, type, got, back, backBegins, type, world)
      return Array.from(back, (count, rank) => {
        const begin = backBegins[rank] as number
        return got.subarray(begin, begin + count) as typeof first
      })
    },
    together: () => done(barrier, world),
    abort: (exitCode) => void abort(world, exitCode),
    // Only the thread that joined may leave.
    [Symbol.asyncDispose]: () => Promise.resolve(void finalize()),
  }
}

/** An array of the same kind. */
const arrayLike = <Array extends Sent>(values: Array, length: number): Array =>
  new (values.constructor as new (length: number) => Array)(length)

const totalOf = (counts: Int32Array): number => counts.reduce((sum, count) => sum + count, 0)

/** Where each of several arrays begins, one behind the other. */
function beginsOf(counts: Int32Array): Int32Array {
  const begins = new Int32Array(counts.length)
  for (let at = 1; at < counts.length; at++) begins[at] = (begins[at - 1] as number) + (counts[at - 1] as number)
  return begins
}

/** Calls on a thread of its own, so that the event loop goes on. An error of MPI ends all ranks by itself. */
function done(call: AsyncCall, ...given: unknown[]): Promise<void> {
  return new Promise((resolve, reject) => {
    call.async(...given, (error: Error | null) => (error ? reject(error) : resolve()))
  })
}

type Koffi = typeof import('koffi')

async function loadKoffi(): Promise<Koffi> {
  try {
    const loaded = (await import('koffi')) as Koffi & { readonly default?: Koffi }
    return loaded.default ?? loaded
  } catch {
    throw cannotJoin('koffi', 'the package that calls its library', 'install it: npm install koffi')
  }
}

function loadLibrary(koffi: Koffi): ReturnType<Koffi['load']> {
  for (const name of libraries) {
    try {
      const library = koffi.load(name)
      keep(koffi, name)
      return library
    } catch {
      // The next one may be there.
    }
  }
  throw cannotJoin(libraries[0] as string, 'the library of Open MPI', 'on Debian: apt-get install libopenmpi3')
}

/** RTLD_LAZY and RTLD_NODELETE, as Linux numbers them. */
const lazyForGood = 0x1001

/**
 * Keeps a library until the process is gone. Node would unload it a moment before, while a thread of Open MPI, which
 * waits for other hosts, may still be in it.
 */
function keep(koffi: Koffi, name: string): void {
  for (const systems of ['libc.so.6', 'libdl.so.2']) {
    try {
      const open = koffi.load(systems).func('void *dlopen(const char *name, int flags)')
      open(name, lazyForGood)
      return
    } catch {
      // An older system has it elsewhere; macOS neither.
    }
  }
}

const cannotJoin = (value: string, expected: string, hint: string): UserError =>
  new UserError({ where: 'mpirun', problem: 'missing', value, expected, hint })

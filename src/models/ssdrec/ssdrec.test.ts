import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectParity, type ModelFixture, type Numbers } from '../../../test/conformance/model/parity.ts'
import { trainingPass } from '../../learn/pass.ts'
import type { SparseMatrix } from '../../tensor/sparse-product.ts'
import { bareCatalog } from '../../testing/bare-catalog.ts'
import { blindToAll, conformance } from '../../testing/ranking/index.ts'
import { type Graphs, graphLayout } from './graphs.ts'
import { ssdrec } from './ssdrec.ts'

const small = { hiddenSize: 16, maxLength: 8, layers: 1, dropout: 0, embeddingDropout: 0, readoutDropout: 0 }
conformance({
  definition: ssdrec,
  options: { ...small, minimumCoOccurrence: 1, coldItems: 0, coldUsers: 0, insertCandidates: 8 },
  epochs: 20,
  skips: {
    ...blindToAll,
    causal: 'it reads all places, and each target has a window of its own',
    gradients: 'a choice has the gradient of a softmax, and no slope; they are compared with PyTorch’s',
  },
})

/** See tools/ssdrec_fixture.py for what its arrays are. */
interface Fixture extends ModelFixture {
  readonly config: Readonly<
    Record<'batch' | 'length' | 'positions' | 'hidden' | 'heads' | 'layers' | 'items' | 'users' | 'candidates', number>
  >
  readonly graphs: Readonly<Record<string, Numbers>>
}
const fixtures = JSON.parse(readFileSync('test/fixtures/ssdrec.json', 'utf8')) as Readonly<
  Record<'whole' | 'first' | 'plain', Fixture>
>

describe.each(['whole', 'first', 'plain'] as const)('SSDRec in PyTorch, %s', (name) => {
  const fixture = fixtures[name]
  const { batch, length, positions, hidden, heads, layers, items, users, candidates } = fixture.config
  const still = { dropout: 0, embeddingDropout: 0, readoutDropout: 0, dropShare: 0.5 }
  const sizes = { hiddenSize: hidden, maxLength: positions, heads, layers, insertCandidates: candidates }
  const withoutGraphs = name === 'plain'
  const config = ssdrec.config.parse({ ...sizes, ...still, withoutGraphs })
  const layout = withoutGraphs ? {} : graphLayout(graphsOf(fixture.graphs))

  it('has the same loss and gradients', async () => {
    const model = ssdrec.build(config, bareCatalog({ itemCount: items - 1, userCount: users - 1 }), layout)
    const temperature = Float32Array.from(fixture.inputs['scheduled.temperature']?.values ?? [])
    const known = { ...model.frozen, 'scheduled.temperature': temperature }
    const shape = { rows: batch, length, targets: batch }
    await expectParity(model, shape, fixture, { tolerance: 1e-4, pass: trainingPass(), known })
  })
})

function graphsOf(dense: Readonly<Record<string, Numbers>>): Graphs {
  const of = (name: string): SparseMatrix => sparse(dense[name] as Numbers)
  return {
    earlier: of('earlier'),
    later: of('later'),
    incompatible: of('incompatible'),
    readers: of('readers'),
    users: { items: of('users.items'), similar: of('users.similar'), incompatible: of('users.incompatible') },
  }
}

function sparse({ shape, values }: Numbers): SparseMatrix {
  const [rows, columns] = shape as [number, number]
  const entries = values.flatMap((value, at) => (value === 0 ? [] : [{ at, value }]))
  return {
    rows,
    columns,
    start: Int32Array.from({ length: rows + 1 }, (_, row) => entries.filter(({ at }) => at < row * columns).length),
    column: Int32Array.from(entries, ({ at }) => at % columns),
    value: Float32Array.from(entries, ({ value }) => value),
  }
}

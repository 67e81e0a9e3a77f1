import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { asBatch } from '../../../test/conformance/click-parity.ts'
import type { Numbers } from '../../../test/conformance/model/parity.ts'
import type { Impressions } from '../../batches/impressions.ts'
import { logLoss } from '../../nn/log-loss.ts'
import { noNoise } from '../../nn/noise.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { mul } from '../../tensor/elementwise.ts'
import { constant, input, type Parameter, parameter, sizeOf, type Tensor } from '../../tensor/node.ts'
import { sum } from '../../tensor/reduce.ts'
import { evaluateGradients, evaluateTensors, type Feeds } from '../../testing/evaluate-tensor.ts'
import type { ClickScore } from '../contract/model.ts'
import { servingPass } from '../contract/serving-pass.ts'
import { foldedAttention } from '../parts/folded-attention.ts'
import { din } from './din.ts'
import { twinBackbone } from './twin.ts'

type Arrays = Readonly<Record<string, Numbers>>
/** See tools/backbones_fixture.py for what its arrays are. */
interface Part {
  readonly config: Readonly<Record<string, number>>
  readonly inputs: Arrays
  readonly parameters: Arrays
  readonly outputs: Arrays
  readonly gradients: Arrays
}
const fixture = JSON.parse(readFileSync('test/fixtures/backbones.json', 'utf8')) as Readonly<
  Record<'din' | 'attention' | 'twin', Part>
>

/** Expects outputs, the names of all parameters and every gradient to be the fixture's, to 1e-5. */
async function expectParity(
  part: Part,
  outputs: Readonly<Record<string, Tensor>>,
  loss: Tensor,
  renamed: (name: string) => string = (name) => name,
) {
  const given: Record<string, Numbers | undefined> = {
    ...part.inputs,
    ...asBatch(part.inputs),
    ...part.parameters,
  }
  const { inputs, parameters } = buildGraph({ ...outputs, loss })
  expect(parameters.map(({ origin }) => renamed(origin.name)).sort()).toEqual(Object.keys(part.gradients).sort())
  const feeds: Record<string, Feeds[string]> = {}
  for (const [name, { shape, dtype }] of inputs) {
    const { values } = given[renamed(name)] as Numbers
    expect(values.length, `size of ${name}`).toBe(sizeOf(shape))
    feeds[name] = dtype === 'int64' ? BigInt64Array.from(values, BigInt) : Float32Array.from(values)
  }
  const made = await evaluateTensors(outputs, feeds)
  const { gradients } = await evaluateGradients(loss, parameters, feeds)
  const far = (found: ArrayLike<number | bigint>, { values }: Numbers): boolean =>
    found.length !== values.length || values.some((value, at) => !(Math.abs(Number(found[at]) - value) < 1e-5))
  expect(Object.entries(part.outputs).filter(([name, values]) => far(made[name] as Float32Array, values))).toEqual([])
  expect(
    Object.entries(gradients).filter(([name, values]) => far(values, part.gradients[renamed(name)] as Numbers)),
  ).toEqual([])
}

it('DIN’s logits and gradients equal PyTorch’s, whose unit reads all four vectors side by side', async () => {
  const {
    rows = 0,
    length = 0,
    embedding,
    attention,
    hidden,
    items = 0,
    users = 0,
    categories = 0,
  } = fixture.din.config
  const catalog = {
    itemCount: items - 1,
    userCount: users - 1,
    behaviors: ['a', 'b'],
    target: 0,
    time: 'milliseconds',
    fields: { category: categories },
    features: {},
  } as const
  const shape = {
    ...catalog,
    itemRows: items,
    userRows: users,
    userFields: {},
    numbers: [],
    itemNumbers: 0,
    userNumbers: 0,
  }
  const config = din.config.parse({
    embeddingSize: embedding,
    attentionSize: attention,
    hiddenSize: hidden,
    maxLength: length,
  })
  const { score, batches } = din.build(config, shape)
  const { batch } = batches.declare({ rows, length, targets: 0 })
  const { logit_B, reasons } = (score as ClickScore<Impressions>).forward(batch, servingPass)
  const loss = logLoss(logit_B, input('label', [rows]), constant(new Float32Array(rows).fill(1 / rows), [rows]))
  await expectParity(fixture.din, { logits: logit_B, weights: reasons?.['attention'] as Tensor }, loss)
})

const { rows = 0, length = 0, width = 0, heads = 0, kept = 0, recent = 0 } = fixture.attention.config
const leaf = (name: string, shape: readonly number[]): Parameter => parameter(name, shape, () => {})

it('attention with folded projections equals PyTorch’s over the same kept events', async () => {
  const [query, memory] = [leaf('query', [rows, 1, width]), leaf('memory', [rows, length, width])]
  const found = foldedAttention('attention', { width, heads }).attend({
    query,
    memory,
    keep: input('keep', [rows, 1, length]),
  })
  const loss = sum(mul(found.output, input('upstream', [rows, 1, width])))
  await expectParity(fixture.attention, { output: found.output, weights: found.weights }, loss)
})

it('TWIN keeps and weighs the events that PyTorch’s attention over the best of its own scores does, beside the last ones', async () => {
  const [query, memory] = [leaf('query', [rows, width]), leaf('memory', [rows, length, width])]
  const model = twinBackbone.build('attention', { heads, topItems: kept, recentItems: recent }, width)
  const { interest, weights } = model.read({
    history: memory,
    target: query,
    mask: input('mask', [rows, length]),
    noise: noNoise,
  })
  const loss = sum(mul(interest, input('upstream', [rows, model.width])))
  await expectParity(fixture.twin, { output: interest, weights }, loss, (name) =>
    name.replace('attention.attention', 'attention').replace('attention.short', 'short'),
  )
})

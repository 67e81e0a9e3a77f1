import { expect, it } from 'vitest'
import type { Impressions } from '../../batches/impressions.ts'
import { fixedTensors } from '../../onnx/fixed.ts'
import type { Shape } from '../../tensor/node.ts'
import { bareCatalog } from '../../testing/bare-catalog.ts'
import { clickScoreOf } from '../../testing/clicks/run.ts'
import type { BuiltModel } from '../contract/model.ts'
import { servingPass } from '../contract/serving-pass.ts'
import { em3 } from './em3.ts'
import { gmmf } from './gmmf.ts'
import { lmf } from './lmf.ts'
import { marn } from './marn.ts'
import { mtfn } from './mtfn.ts'
import { naml } from './naml.ts'

const catalog = bareCatalog({ itemCount: 9, fields: { category: 4 }, features: { image: 5, text: 3 } })
const sizes = { embeddingSize: 2, modalitySize: 6 }

/** Shapes of what is computed once for all requests. */
function shapesMadeOnce(model: BuiltModel<Impressions>): readonly Shape[] {
  const { inputs, batch } = model.batches.declare({ rows: 4, length: 3, targets: 0, histories: 1 })
  const { logit_B, reasons } = clickScoreOf(model).forward(batch, servingPass)
  const changing = new Set(Object.values(inputs).map(({ origin }) => ('name' in origin ? origin.name : '')))
  return fixedTensors([logit_B, ...Object.values(reasons ?? {})], (name) => changing.has(name)).map(
    ({ shape }) => shape,
  )
}

it('a service fuses its catalog once, and a request looks items up', () => {
  const fused = { ...sizes, fusionSize: 7, rank: 2 }
  const made = {
    lmf: shapesMadeOnce(lmf.build(lmf.config.parse(fused), catalog)),
    mtfn: shapesMadeOnce(mtfn.build(mtfn.config.parse(fused), catalog)),
    naml: shapesMadeOnce(naml.build(naml.config.parse(sizes), catalog)),
    em3: shapesMadeOnce(em3.build(em3.config.parse({ ...sizes, modalitySize: 12 }), catalog)),
    gmmf: shapesMadeOnce(gmmf.build(gmmf.config.parse(sizes), catalog)),
    marn: shapesMadeOnce(marn.build(marn.config.parse(sizes), catalog)),
  }
  const ofCatalog = (shapes: readonly Shape[]): readonly Shape[] => shapes.filter(([rows]) => rows === 10)
  // Of all that is as long as the catalog, a request reads the fused vectors alone, NAML's with the weights of 4 views,
  // EM3's the content, MARN's with the weights of 3 modalities, GMMF's two differences, and apart from them the id,
  // which nobody reads of events.
  expect(ofCatalog(made.lmf)).toEqual([[10, 7]])
  expect(ofCatalog(made.mtfn)).toEqual([[10, 7]])
  expect(ofCatalog(made.naml)).toEqual([[10, 6 + 4]])
  expect(ofCatalog(made.em3)).toEqual([[10, 12]])
  expect(ofCatalog(made.gmmf)).toEqual([
    [10, 2 * 6],
    [10, 6],
  ])
  expect(ofCatalog(made.marn)).toEqual([[10, 6 + 3]])
})

/**
 * @file SASRecF: SASRec with the items' pictures and texts added to their ids. [bib: sasrecf]
 *   M_i = E_i + W_v v_i + W_t t_i             vectors_VW -> items_VD, read in histories and ranked as candidates
 *   the rest is SASRec over M                 history_BL -> scores_BV
 * Differs: RecBole's SASRecF joins an item's id and its features by one linear layer and ranks the ids alone; here the projections are
 * added and part of the table too, so that an item nobody touched can be ranked; `tableFeatures: false` ranks the ids alone. A learned
 * vector stands for a picture or text an item lacks. What SASRec itself differs in holds here as well.
 */
import * as z from 'zod'
import { normal } from '../../nn/init.ts'
import { addAll } from '../../tensor/elementwise.ts'
import { gather } from '../../tensor/gather.ts'
import { parameter, type Tensor } from '../../tensor/node.ts'
import { defineModel } from '../contract/model.ts'
import { frozenVectors, projectedVectors } from '../parts/projected-vectors.ts'
import { sasrecOptions, sequenceModel } from '../sequential/sasrec.ts'

/** Hyper-parameters of SASRecF. */
const sasrecfConfig = z
  .strictObject({
    ...sasrecOptions,
    tableFeatures: z
      .boolean()
      .default(true)
      .describe('rank items by their pictures and texts too, not by their ids alone'),
  })
  .refine(({ heads, hiddenSize }) => hiddenSize % heads === 0, { path: ['heads'], message: 'must divide hiddenSize' })

/** SASRecF; see the file's header. */
export const sasrecf = defineModel({
  slug: 'sasrecf',
  task: 'next-item',
  title: 'SASRecF',
  config: sasrecfConfig,
  build({ tableFeatures, ...config }, catalog) {
    const ids = parameter('item', [catalog.itemCount + 1, config.hiddenSize], normal())
    const modalities = (['image', 'text'] as const).filter((modality) => catalog.features[modality] !== undefined)
    const projections = modalities.map((modality) =>
      projectedVectors(frozenVectors(modality, catalog), config.hiddenSize, modality),
    )
    const rowsOf = (items: Tensor): Tensor =>
      addAll([gather(ids, items), ...projections.map((project) => project(items))])
    const whole = tableFeatures && projections.length > 0
    return sequenceModel(config, catalog, {
      rowsOf,
      table: whole ? addAll([ids, ...projections.map((project) => project())]) : ids,
      ...(whole && { targetRows: rowsOf }),
    })
  },
})

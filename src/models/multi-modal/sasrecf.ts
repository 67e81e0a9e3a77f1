/**
 * @file SASRecF: SASRec with the items' pictures and texts added to their ids. [bib: sasrecf]
 *   M_i = E_i + W_v v_i + W_t t_i             vectors_VW -> items_VD, read in histories and ranked as candidates
 *   the rest is SASRec over M                 item_BL -> user_PD
 * Differs:
 * - RecBole's SASRecF joins an item's id and its features by one linear layer and ranks the ids alone; here the
 *   projections are added and part of the table too, so that an item nobody touched can be ranked;
 *   `tableFeatures: false` ranks the ids alone;
 * - a learned vector stands for a picture or text an item lacks;
 * - what SASRec itself differs in holds here as well.
 */
import * as z from 'zod'
import { type Sequences, sequences } from '../../batches/sequences.ts'
import { normal } from '../../nn/init.ts'
import { addAll } from '../../tensor/elementwise.ts'
import { parameter, type Tensor } from '../../tensor/node.ts'
import { defineModel } from '../contract/model.ts'
import { itemWindows } from '../parts/item-windows.ts'
import { presentModalities } from '../parts/modalities.ts'
import { headsDivide, sequenceOptions } from '../parts/options.ts'
import { frozenVectors, projectedVectors } from '../parts/projected-vectors.ts'
import { sequenceEncoder } from '../parts/sequence-encoder.ts'

/** SASRecF; see the file's header. */
export const sasrecf = defineModel({
  slug: 'sasrecf',
  task: 'next-item',
  title: 'SASRecF',
  withoutContent: 'reads ids and fields alone; train sasrec where there are no fields either',
  config: z
    .strictObject({
      ...sequenceOptions,
      tableFeatures: z
        .boolean()
        .default(true)
        .describe('rank items by their id, picture and text; false ranks by the id alone'),
    })
    .refine(...headsDivide('hiddenSize')),
  build({ tableFeatures, ...config }, catalog) {
    const ids = parameter('item', [catalog.itemCount + 1, config.hiddenSize], normal(), { rows: 'items' })
    const encoder = sequenceEncoder(config)
    const projections = presentModalities(catalog).map((modality) =>
      projectedVectors(frozenVectors(modality, catalog), config.hiddenSize, modality),
    )
    const rowsOf = (items: Tensor): Tensor => addAll([ids.rows(items), ...projections.map((project) => project(items))])
    const whole = tableFeatures && projections.length > 0
    const windows = itemWindows(config, catalog)
    return {
      batches: sequences(windows),
      history: windows,
      score: {
        kind: 'dot',
        table: whole ? addAll([ids, ...projections.map((project) => project())]) : ids,
        ...(whole && { tableRows: rowsOf }),
        user: (batch: Sequences, { noise }) => encoder.atTargets(rowsOf(batch.item_BL), batch, noise),
      },
    }
  },
})

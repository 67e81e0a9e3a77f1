/**
 * @file SASRec + behavior + features: what SASRec makes of all that M³BSR reads; M³BSR has to beat it.
 * No paper has it; SASRec is [bib: sasrec], items with features are [bib: sasrecf]. [bib: sasrec-bf]
 *   M_i = E_i + its fields + W_v v_i + W_t t_i   vectors_VW -> items_VD, read in histories and ranked as candidates
 *   x = M[s] + b[behavior of the event]          item_BL, behavior_BL -> x_BLD
 *   the rest is SASRec over x                    x_BLD -> user_PD
 * Differs:
 * - from SASRecF by the vector of each event's behavior and the fields of items (brand, category);
 * - events of one item at one time are one event, of the deepest behavior;
 * - a learned vector stands for a picture or text an item lacks;
 * - what SASRec itself differs in holds here as well.
 */
import * as z from 'zod'
import { type Sequences, sequences } from '../../batches/sequences.ts'
import { normal } from '../../nn/init.ts'
import { add, addAll } from '../../tensor/elementwise.ts'
import { parameter, type Tensor } from '../../tensor/node.ts'
import { defineModel } from '../contract/model.ts'
import { itemFeatures } from '../parts/item-features.ts'
import { itemWindows } from '../parts/item-windows.ts'
import { headsDivide, sequenceOptions } from '../parts/options.ts'
import { sequenceEncoder } from '../parts/sequence-encoder.ts'

/** SASRec + behavior + features; see the file's header. */
export const sasrecBf = defineModel({
  slug: 'sasrec-bf',
  task: 'next-item',
  title: 'SASRec + behavior + features',
  config: z.strictObject(sequenceOptions).refine(...headsDivide('hiddenSize')),
  build(config, catalog) {
    const { hiddenSize } = config
    const ids = parameter('item', [catalog.itemCount + 1, hiddenSize], normal(), { rows: 'items' })
    // Row 0 stands for the padding, which nothing sees.
    const behaviors = parameter('behavior', [catalog.behaviors.length + 1, hiddenSize], normal())
    const features = itemFeatures(catalog, hiddenSize)
    const encoder = sequenceEncoder(config)
    const rowsOf = (items: Tensor): Tensor => addAll([ids.rows(items), ...features.map((feature) => feature.of(items))])
    const windows = itemWindows(config, catalog)
    return {
      batches: sequences(windows),
      history: windows,
      score: {
        kind: 'dot',
        table: addAll([ids, ...features.map((feature) => feature.of())]),
        ...(features.length > 0 && { tableRows: rowsOf }),
        user(batch: Sequences, { noise }) {
          const x_BLD = add(rowsOf(batch.item_BL), behaviors.rows(batch.behavior_BL))
          return encoder.atTargets(x_BLD, batch, noise)
        },
      },
    }
  },
})

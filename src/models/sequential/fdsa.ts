/**
 * @file FDSA: one Transformer over a history's items and one over their features, joined. Zhang et al., IJCAI 2019.
 * [bib: fdsa]
 *   (1)  X = drop(LN(E[s] + P))                   item_BL -> items_BLD
 *   (2)  a_k = field embedding, or ReLU(W t + b)  K features of an item: its fields, text, picture
 *   (3)  f = sum_k softmax_k(w_2 . ReLU(W_1 a_k + b_1) + b_2) a_k
 *   (4)  Y = drop(LN(f_s + P)), P and LN those of (1)                   item_BL -> features_BLD
 *   (5)  X' = blocks(X), Y' = other blocks(Y), both causal              -> state_PD each
 *   (6)  u = drop(LN([X'; Y'] W + b)), LN that of (1)                   -> user_PD
 *   (7)  r = u . E^T                                                    user_PD -> scores_PV
 * Differs:
 * - full cross-entropy over the catalog on every position, where the paper has one sampled negative and RecBole one row
 *   a target;
 * - the normalization and dropout of (6), and the tied P and LN, are RecBole's (`tied: false` gives each its own);
 * - texts are frozen vectors, as in UniSRec's baseline, and may be joined by pictures (`image`);
 * - a learned vector stands for a text or picture that an item lacks;
 * - a field has one value an item, and numbers are not read;
 * - what SASRec itself differs in holds here as well.
 */
import * as z from 'zod'
import { type Sequences, sequences } from '../../batches/sequences.ts'
import { UserError } from '../../errors.ts'
import { normal } from '../../nn/init.ts'
import { linear } from '../../nn/linear.ts'
import { relu } from '../../tensor/elementwise.ts'
import { concat } from '../../tensor/move.ts'
import { parameter, type Tensor } from '../../tensor/node.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import { defineModel } from '../contract/model.ts'
import { attentivePooling, meanPooling } from '../parts/attentive-pooling.ts'
import { chosenFields, fieldNames } from '../parts/chosen-fields.ts'
import { type ItemFeature, itemFeatures } from '../parts/item-features.ts'
import { itemWindows } from '../parts/item-windows.ts'
import { presentModalities } from '../parts/modalities.ts'
import { flag, headsDivide, sequenceOptions } from '../parts/options.ts'
import { encoderEntry, sequenceEncoder } from '../parts/sequence-encoder.ts'

const config = z
  .strictObject({
    ...sequenceOptions,
    fields: fieldNames,
    text: z.boolean().default(true).describe('read texts'),
    image: flag('read pictures, which the paper does not'),
    tied: z.boolean().default(true).describe('let both streams and the output share positions and layer normalization'),
    withoutFeatureStream: flag('read items alone'),
    withoutFeatureAttention: flag('take the mean of the features instead of weighing them'),
  })
  .refine(...headsDivide('hiddenSize'))

/** FDSA; see the file's header. */
export const fdsa = defineModel({
  slug: 'fdsa',
  task: 'next-item',
  title: 'FDSA',
  config,
  build(config, catalog) {
    const { hiddenSize, dropout } = config
    const items_VD = parameter('item', [catalog.itemCount + 1, hiddenSize], normal(), { rows: 'items' })
    const entry = encoderEntry(config)
    const encoderOf = (stream: string) =>
      sequenceEncoder(config, `${stream}.`, config.tied ? entry : encoderEntry(config, `${stream}.`))
    const features = chosenFeatures(config, catalog)
    const pool = config.withoutFeatureAttention ? meanPooling : attentivePooling('features', hiddenSize)
    const features_VD = pool(features.map(({ of }) => of()))
    const ofItems = { encoder: encoderOf('item'), read: ({ item_BL }: Sequences) => items_VD.rows(item_BL) }
    const ofFeatures = {
      encoder: encoderOf('feature'),
      // The whole catalog is computed once for all requests, or where a batch reads more items than there are.
      read: ({ item_BL, rows, length, serving }: Sequences): Tensor =>
        serving || catalog.itemCount < rows * length
          ? features_VD.rows(item_BL)
          : pool(features.map(({ of }) => of(item_BL))),
    }
    const streams = config.withoutFeatureStream ? [ofItems] : [ofItems, ofFeatures]
    const join = linear('output', [streams.length * hiddenSize, hiddenSize], { init: normal() })
    const windows = itemWindows(config, catalog)
    return {
      batches: sequences(windows),
      history: windows,
      score: {
        kind: 'dot',
        table: items_VD,
        user(batch: Sequences, { noise }) {
          const states = streams.map(({ encoder, read }) => encoder.atTargets(read(batch), batch, noise))
          return noise.dropout(entry.norm(join(concat(states, 1))), dropout)
        },
      },
    }
  },
})

/** The features that options ask for and a catalog has. @throws UserError when there are none, or no field of a name */
function chosenFeatures(
  { hiddenSize, ...options }: z.infer<typeof config>,
  catalog: CatalogShape,
): readonly ItemFeature[] {
  const fields = chosenFields('fdsa', options.fields, catalog)
  const modalities = presentModalities(catalog).filter((modality) => options[modality])
  if (fields.length + modalities.length === 0)
    throw new UserError({
      where: 'fdsa',
      problem: 'missing',
      value: 'no feature of items to read',
      expected: 'a catalog with categorical fields or texts',
      hint: 'without features fdsa would be sasrec twice',
    })
  return itemFeatures(catalog, hiddenSize, { fields, modalities, activation: relu })
}

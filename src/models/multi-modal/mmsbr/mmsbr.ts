/**
 * @file MMSBR: an item is pivot vectors that read tokens of its text and picture in turns, a session a gated sum of its
 * items; prices are Gaussians, and how far a candidate's is from the session's scales its score. Zhang et al., IEEE
 * TKDE 36(4), 2024. [bib: mmsbr]
 *   (1)  a^m = P_m x^m + b_m, x^m centered, a picture or text; S = pivots  -> projected_VC, pivot_VSD
 *   (2)  f^m_j = drop(tanh(W'_j drop(tanh(W_j a^m)))), j one of T tokens   -> token_VTD
 *   (3)  Y = block([S ; f]), S <- (Y_S + S) / 2, f <- Y_f + f; texts, then pictures, layers / 2 times
 *   (4)  e = drop(relu(W_b drop(relu(W_a drop[S_1 ; ..])))) , not negative -> item_VD
 *   (5)  s = sum_t b_t e_t, b_t = w . sigmoid(G_1 e_t + G_2 mean e) + b    item_BL -> session_BD
 *   (6)  mu, c: the session's prices through Wasserstein self-attention    level_BL -> Gaussian_BD
 *   (7)  w2 = squared 2-Wasserstein distance of (mu, c) and an item's price, one dot product -> -w2 = near_BV
 *   (8)  r = i + i w2 (released) or i + i exp(-w2 / D) (closeness), i = s . e -> scores_BV
 *   (9)  L = cross-entropy of r + lambda contrast of a^m with what a ridge regression makes of the other modality
 * Numbers are the sheet's, not the paper's. Differs:
 * - **pseudo vectors are linear** (`mmsbr-linear-pseudo`): the paper has captions of pictures and generated pictures of
 *   texts, which a run here has not;
 * - **it reads pictures and texts**: the published code fills their tables with noise after they were read. They are
 *   frozen here, centered as PCA centers them, at one length on average; a learned projection stands for the rest of
 *   PCA, and the contrast trains it;
 * - it begins as one that can learn: gates above 0, items short, attention of Xavier's size, so that pivots tell what
 *   items look like. The published code draws all numbers from one range;
 * - dropout is on while training, 0.1 by default; the published code has 0.6 and 0.2, turns it off after an epoch and
 *   never on again;
 * - the contrast has the targets of a batch as anchors and is a mean; theirs sums over the catalog;
 * - `price: 'closeness'` is our reading; the paper's formula is **unconfirmed**. Without prices (8) is i;
 * - every target has a window of its own, validation chooses the epoch (theirs the test set), the pad is no class;
 * - a learned vector is added where an item has no picture or text (R-M1), and such items are not contrasted.
 */
import { type SequenceSettings, type Sequences, sequences } from '../../../batches/sequences.ts'
import type { FeatureModality } from '../../../dataset/schema.ts'
import { unknownName } from '../../../errors.ts'
import { catalogLossOf } from '../../../nn/catalog-loss.ts'
import { filled, normal } from '../../../nn/init.ts'
import { linear } from '../../../nn/linear.ts'
import { noNoise } from '../../../nn/noise.ts'
import { addAll } from '../../../tensor/elementwise.ts'
import { input, type Tensor } from '../../../tensor/node.ts'
import { type CatalogShape, catalogInput } from '../../contract/catalog.ts'
import {
  type BuiltModel,
  defineModel,
  frozenOf,
  type Losses,
  objective,
  type Pass,
  type Score,
} from '../../contract/model.ts'
import { paddingBias } from '../../parts/attention-bias.ts'
import { ownWindows } from '../../parts/item-windows.ts'
import { meanOverHistory } from '../../parts/mean-over-history.ts'
import { neededModalities } from '../../parts/needed-modalities.ts'
import { type MmsbrConfig, mmsbrConfig } from './config.ts'
import { projectedContent } from './contents.ts'
import { nearestContrast } from './contrast.ts'
import { laterMmsbr, made, mmsbrOffline } from './offline.ts'
import { pivotItems } from './pivots.ts'
import { gaussianPrices } from './prices.ts'

const slug = 'mmsbr'
const reads: readonly FeatureModality[] = ['image', 'text']

/** MMSBR; see the file's header. */
export const mmsbr = defineModel({
  slug,
  task: 'next-item',
  title: 'MMSBR',
  reducedForm:
    'mmsbr-linear-pseudo: linear maps between pictures and texts in place of captions and generated pictures; without prices where items have none',
  rows: 'targets',
  needs: () => reads,
  lacks({ withoutPrice, priceField, categoryField }, { numbers, fields }) {
    if (withoutPrice) return []
    return numbers.includes(priceField) ? (categoryField in fields ? [] : ['categories']) : ['prices']
  },
  config: mmsbrConfig,
  offline: {
    key: ({ priceField, categoryField, priceLevels, withoutPrice, withoutContrast }) => ({
      priceField,
      categoryField,
      priceLevels,
      withoutPrice,
      withoutContrast,
      // Files of earlier versions have neither.
      ranges: true,
      middles: true,
    }),
    make: mmsbrOffline,
    later: (options, earlier, sources) => ({ made: laterMmsbr(options, earlier, sources) }),
  },
  build(config, catalog, offline = {}): BuiltModel<Sequences> {
    const { components, lambdaContrast, categoryField, contrastItems } = config
    if (!config.withoutPrice) checkFields(config, catalog)
    // Texts before pictures: pivots read them in this order.
    const contents = neededModalities(slug, reads, catalog)
      .toReversed()
      .map((modality) => projectedContent(modality, components, catalog))
    const items = pivotItems(contents, config, catalog.itemCount)
    const session = gatedSum(config)
    const declared = (name: string): Tensor | undefined => {
      const one = offline[name]
      return one && input(name, one.shape, one.data instanceof BigInt64Array ? 'int64' : 'float32')
    }
    const level_V = config.withoutPrice ? undefined : declared(made.level)
    const count = catalog.fields[categoryField]
    const category = count
      ? { of_V: input(catalogInput.field(categoryField), [catalog.itemCount + 1], 'int64'), count }
      : undefined
    const prices = level_V && gaussianPrices({ level_V, category }, config)
    // A long session has a long sum: batches of one length each would pull scores up and down in turns. It costs
    // little, since a step's time goes to items.
    const windows: SequenceSettings = { ...ownWindows(config, catalog), lengths: 'fixed' }

    /** What meets the tables of items and of prices. */
    const users = ({ item_BL, mask_BL, atLast }: Sequences, { noise }: Pass, item_VD: Tensor): readonly Tensor[] => {
      const own = atLast(session(item_VD.rows(item_BL), mask_BL))
      return prices ? [own, atLast(prices.sessions(item_BL, paddingBias(item_BL), noise))] : [own]
    }
    /** (9) but its weight, for the modalities that something is made for. */
    const contrast = ({ target_P, weight_P }: Sequences): readonly Tensor[] => {
      const present = declared(made.both)
      return contents.flatMap(({ modality, table, project }) => {
        const other = declared(made.pseudo(modality))
        if (config.withoutContrast || !present || !other) return []
        const parts = { table, made: project(other), present, count: contrastItems }
        return [nearestContrast({ ...parts, anchors: target_P, weights: weight_P })]
      })
    }
    const losses = (batch: Sequences, pass: Pass): Losses => {
      const item_VD = items(pass.noise)
      const read = users(batch, pass, item_VD)
      const { target_P, weight_P } = batch
      const [own] = read as [Tensor]
      const main = prices
        ? catalogLossOf(combined(productsOf(read, [item_VD, prices.table]), config), target_P, weight_P)
        : pass.catalogLoss({
            hidden: own,
            table: item_VD,
            targets: target_P,
            weights: weight_P,
            rowsOf: (ids) => item_VD.rows(ids),
          })
      const contrasts = lambdaContrast > 0 ? contrast(batch) : []
      return {
        main: { weight: 1, value: main },
        ...(contrasts.length > 0 && { contrast: { weight: lambdaContrast, value: addAll(contrasts) } }),
      }
    }
    const served_VD = items(noNoise)
    const score: Score<Sequences> = prices
      ? {
          kind: 'products',
          tables: [served_VD, prices.table],
          users: (batch, pass) => users(batch, pass, served_VD),
          combine: (products) => combined(products, config),
          reasons: ([, near]) => ({ price: priceFactor(near as Tensor, config) }),
        }
      : { kind: 'dot', table: served_VD, user: (batch, pass) => users(batch, pass, served_VD)[0] as Tensor }
    const batches = sequences(windows)
    return {
      batches,
      history: windows,
      score,
      stages: [{ name: 'train', epochs: 'until-best', objectives: [objective({ name: 'train', batches, losses })] }],
      frozen: frozenOf(offline),
    }
  },
})

/** (5) at every place of a session, which has one vector: items [B, L, D] -> [B, L, D]. */
function gatedSum({ hiddenSize: width }: MmsbrConfig) {
  const ofItem = linear('gate.item', [width, width], { bias: false })
  const ofMean = linear('gate.mean', [width, width], { bias: false })
  // Below 0 a gate takes its item off the session, and half of all seeds would begin so.
  const toScore = linear('gate.score', [width, 1], { init: normal(0.01), biasInit: filled(0.5) })
  return (item_BLD: Tensor, mask_BL: Tensor): Tensor => {
    const mask_BL1 = mask_BL.unsqueeze(-1)
    const mean_B1D = meanOverHistory(item_BLD, mask_BL).unsqueeze(1)
    const gate_BL1 = toScore(ofItem(item_BLD).add(ofMean(mean_B1D)).sigmoid())
    const session_B1D = item_BLD.mul(gate_BL1.mul(mask_BL1)).sum([1], { keep: true })
    return session_B1D.expand(item_BLD.shape)
  }
}

const productsOf = (users: readonly Tensor[], tables: readonly Tensor[]): readonly Tensor[] =>
  tables.map((table, at) => (users[at] as Tensor).matmul(table, { transposeB: true }))

/** What a price's distance multiplies an interest by, given minus that distance. */
const priceFactor = (near: Tensor, { price, hiddenSize }: MmsbrConfig): Tensor =>
  (price === 'released' ? near.neg() : near.div(hiddenSize).exp()).add(1)

/** (8) */
const combined = ([interest, near]: readonly Tensor[], config: MmsbrConfig): Tensor =>
  (interest as Tensor).mul(priceFactor(near as Tensor, config))

/** Whoever names a field of their own means one that is there. @throws UserError `unknown` for one that is not */
function checkFields(config: MmsbrConfig, { numbers, fields }: CatalogShape): void {
  const usual = mmsbrConfig.parse({})
  for (const [option, known] of [['priceField', numbers] as const, ['categoryField', Object.keys(fields)] as const]) {
    const name = config[option]
    if (name !== usual[option] && !known.includes(name)) throw unknownName(`${slug}.${option}`, name, known)
  }
}

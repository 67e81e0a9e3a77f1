/**
 * @file SimTier and MAKE: cosines of a history to the candidate counted in tiers, and a network of contents that learns
 * clicks for several epochs before the model of ids reads it. Sheng, Yang, Gong, Wang, Chan, Zhang, Cheng, Zhu, Ge,
 * Zhu, Jiang, Xu & Zheng, CIKM 2024. [bib: make]
 *   SimTier, of each modality m
 *   (1)  s_l = n . n_l, n = v^m / |v^m|, frozen                           -> [B, L]
 *   (2)  c_k = number of events with s_l in tier k of N between -1 and 1  -> [B, N]
 *   (3)  t = w * log(1 + c), and 1 where the candidate has a vector       -> tiers_BN
 *   MAKE's extractor
 *   (4)  x = [projections of picture and text] W + b                      -> content_BD, content_HLD
 *   (5)  v = sum_l a(x_l, x) x_l, a DIN's unit; what was done is added    -> interest_BD
 *   (6)  g' = prelu([v, x] W_1 + b_1), g = prelu(g' W_2 + b_2), y^M = g . w + b -> logit_B
 *   the model of ids
 *   (7)  v^id = sum_l a(e_l, e) e_l, e id and fields                      -> interest_BI
 *   (8)  y = MLP([v^id, t, v, g, y^M, e, numbers, user, its numbers]) -> logit_B; or, `inject: 'matched'`, g' and g
 *        beside the outputs of its first and second hidden layer and not at its input, and y + c y^M, c learned
 *   stages
 *   (9)  log loss of y^M, (4-6) alone, `extractorEpochs` epochs
 *   (10) log loss of y, everything, from (9)'s extractor
 * Symbols: D = `modalitySize`, N = `tiers`, G = half of `extractorSize`.
 * Differs (SimTier is after the same team's later code, alimama-tech/MUSE; MAKE, which has no code, after a reader's
 * notes):
 * - the paper first trains encoders by searches and the pictures bought after them; frozen vectors of any kind stand
 *   for theirs. Cosines of such vectors may crowd, so that tiers may begin above -1 (`lowest`);
 * - logarithms of counts with a learned weight, as in the later code; the paper's counts are `tierValues: 'count'`;
 * - padding and items without a vector are not counted, where the code counts padding in the tier of 0; and it has two
 *   more tiers, one for -1 itself and one never filled;
 * - the notes have v, g and y^M join the model of ids "at the corresponding place"; which of (8)'s forms that is, is
 *   **unconfirmed**, as are the sizes of (6), the epochs of (9), and whether (10) moves the extractor
 *   (`frozenExtractor`);
 * - stage 2 runs until validation is best, the paper's one epoch; so does the one-stage form, which is ours: `beside`
 *   trains (9) and (10) at once, v, g and y^M passing no gradient; `coupled` lets it pass, the paper's bad example;
 * - a missing picture or text is a learned row in (4) (R-M1).
 */
import { type Impressions, impressions } from '../../../batches/impressions.ts'
import { filled } from '../../../nn/init.ts'
import { logLoss } from '../../../nn/log-loss.ts'
import type { Noise } from '../../../nn/noise.ts'
import { mul } from '../../../tensor/elementwise.ts'
import { concat } from '../../../tensor/move.ts'
import { parameter, type Tensor } from '../../../tensor/node.ts'
import type { CatalogShape } from '../../contract/catalog.ts'
import { type BuiltModel, type ClickScore, defineModel, objective, type Stage } from '../../contract/model.ts'
import { clickOutput } from '../../parts/click-output.ts'
import { categoricalFields, rowsOfFields } from '../../parts/field-embeddings.ts'
import { presentModalities } from '../../parts/modalities.ts'
import { frozenVectors } from '../../parts/projected-vectors.ts'
import { eventReading } from '../event-reading.ts'
import { config, type MakeConfig } from './config.ts'
import { contentExtractor, type Extractor, isExtractors } from './extractor.ts'
import { similarityTiers } from './similarity-tiers.ts'

/** MAKE with SimTier; see the file's header. */
export const make = defineModel({
  slug: 'make',
  task: 'clicks',
  title: 'SimTier + MAKE',
  withoutContent: 'has neither tiers nor extractor: it is DIN; train din, which is that at less cost',
  reducedForm: 'tiers and extractor over frozen vectors: no encoder is trained by searches and what was bought',
  config,
  build,
})

function build(config: MakeConfig, catalog: CatalogShape): BuiltModel<Impressions> {
  const { embeddingSize, maxLength, tiers, schedule, frozenExtractor, inject } = config
  const modalities = presentModalities(catalog).map((name) => frozenVectors(name, catalog))
  const counted = tiers > 0 ? modalities.map((one) => similarityTiers(catalog, one, config)) : []
  const extractor = modalities.length > 0 ? contentExtractor(catalog, modalities, config) : undefined
  const fields = categoricalFields(catalog, 'item', embeddingSize)
  const ofId = (ids: Tensor): Tensor => concat(rowsOfFields(fields, ids), -1)
  const idWidth = fields.tables.length * embeddingSize
  const reading = eventReading(catalog, [{ name: 'id', width: idWidth }], config)
  const matched = inject === 'matched'
  const found = extractor ? foundWidths(extractor, config) : { input: 0, joins: [] }
  const width = counted.reduce((sum, one) => sum + one.width, idWidth + found.input)
  const output = clickOutput(catalog, [width, idWidth], { ...config, joins: found.joins })
  const share = extractor && matched ? parameter('output.extractor', [1], filled(1)) : undefined
  /** Whether no gradient of (8) reaches the extractor. */
  const apart = schedule === 'beside' || (schedule === 'stages' && frozenExtractor)
  /** (8), and the logit of (6). */
  const read = (batch: Impressions, noise: Noise) => {
    const target = ofId(batch.item_B)
    const { interest, attention } = reading.read([ofId(batch.history_HL)], [target], batch)
    const content = extractor?.read(batch)
    const passed = (x: Tensor): Tensor => (apart ? x.stopGradient() : x)
    const parts = content
      ? [content.interest, ...(matched ? [] : [content.hidden[1], content.logit_B.unsqueeze(1)])]
      : []
    const all = concat([interest, ...counted.map((one) => one.read(batch)), ...parts.map(passed)], 1)
    const joined = matched && content ? content.hidden.slice(0, found.joins.length).map(passed) : []
    const own_B = output({ interest: all, target, batch, noise, joined })
    return {
      logit_B: share && content ? own_B.add(mul(share, passed(content.logit_B))) : own_B,
      extractor_B: content?.logit_B,
      attention: content ? mul(attention.add(content.attention), 0.5) : attention,
    }
  }
  const score: ClickScore<Impressions> = {
    kind: 'clicks',
    forward(batch, { noise }) {
      const { logit_B, attention } = read(batch, noise)
      return { logit_B, reasons: { attention } }
    },
  }
  const built = { batches: impressions(maxLength), history: { maxLength, mergeBehaviors: true }, score }
  if (!extractor) return built
  const { extractorWeight, extractorRate } = config
  const ownLoss = schedule !== 'stages' && extractorWeight > 0
  const clicks = objective<Impressions>({
    name: 'clicks',
    batches: built.batches,
    losses(batch, { noise }) {
      const { logit_B, extractor_B } = read(batch, noise)
      const ofClicks = { clicks: { weight: 1, value: lossOf(logit_B, batch) } }
      if (!ownLoss || !extractor_B) return ofClicks
      return { ...ofClicks, extractor: { weight: extractorWeight, value: lossOf(extractor_B, batch) } }
    },
    ...(schedule !== 'stages' && { rateOf: (parameter) => (isExtractors(parameter) ? extractorRate : 1) }),
    ...(apart && !ownLoss && { trains: (parameter) => !isExtractors(parameter) }),
  })
  const last: Stage = { name: 'clicks', epochs: 'until-best', objectives: [clicks] }
  const first = extractorStage(extractor, built.batches, config)
  return { ...built, stages: schedule === 'stages' ? [first, last] : [last] }
}

/** Widths of what joins the model of ids: at its input, and beside its hidden layers. */
function foundWidths({ width, hiddenWidths }: Extractor, { inject, layers }: MakeConfig) {
  if (inject === 'input') return { input: width + hiddenWidths[1] + 1, joins: [] }
  return { input: width, joins: hiddenWidths.slice(0, layers) }
}

const lossOf = (logit_B: Tensor, { label_B, weight_B }: Impressions): Tensor => logLoss(logit_B, label_B, weight_B)

/** (9) */
function extractorStage(
  extractor: Extractor,
  batches: ReturnType<typeof impressions>,
  { extractorEpochs }: MakeConfig,
): Stage {
  return {
    name: 'extractor',
    epochs: extractorEpochs,
    objectives: [
      objective<Impressions>({
        name: 'extractor',
        batches,
        losses: (batch) => ({ extractor: { weight: 1, value: lossOf(extractor.read(batch).logit_B, batch) } }),
      }),
    ],
  }
}

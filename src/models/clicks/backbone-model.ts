/**
 * @file A behavior model alone: click prediction from ids, fields and numbers, without pictures and texts (R-D7, R-D8).
 *        x = [id and field embeddings], shared by candidates and histories         item_B, history_HL -> _BD, _HLD
 *        v = behavior model(history, target)                                       -> interest_BV
 *        logit = MLP([v, candidate, candidate's numbers, user, user's numbers])    -> logit_B
 * Symbols: D = fields * `embeddingSize`, V = the behavior model's width.
 * Differs:
 * - all four share one output, an MLP with PReLU as DIN has it, of `layers` layers of which each has half of the one
 *   before; DIN's has 200 and 80, the other papers do not tell;
 * - context features are not read, since the data has none.
 */
import * as z from 'zod'
import { type Impressions, impressions } from '../../batches/impressions.ts'
import { defineModel, type ModelDefinition } from '../contract/model.ts'
import { embeddingSize, outputOptions } from '../parts/click-options.ts'
import { clickOutput } from '../parts/click-output.ts'
import { embeddedFields, embeddedHistory } from '../parts/field-embeddings.ts'
import { headsDivide, maxEvents } from '../parts/options.ts'
import type { Backbone, OptionsOf } from './backbone.ts'

const commonOptions = { embeddingSize, ...outputOptions, maxLength: maxEvents }

/** The model of clicks that is a behavior model and an output. */
export function backboneModel<Own extends z.ZodRawShape>(
  backbone: Backbone<Own>,
): ModelDefinition<OptionsOf<typeof commonOptions> & OptionsOf<Own>, Impressions> {
  const { slug, title, options } = backbone
  const config = z.strictObject({ ...commonOptions, ...options }).refine(...headsDivide('embeddingSize'))
  return defineModel({
    slug,
    task: 'clicks',
    title,
    // TypeScript cannot tell what an object of given and of generic options parses to.
    config: config as unknown as z.ZodType<OptionsOf<typeof commonOptions> & OptionsOf<Own>>,
    build(config, catalog) {
      const { embeddingSize, maxLength } = config
      const items = embeddedFields(catalog, 'item', embeddingSize)
      const historyOf = embeddedHistory(catalog, items)
      const behavior = backbone.build('interest', config, items.width)
      const output = clickOutput(catalog, [behavior.width, items.width], config)
      return {
        batches: impressions(maxLength),
        history: { maxLength, mergeBehaviors: true },
        score: {
          kind: 'clicks',
          forward(batch, { noise }) {
            const { item_B, history_HL, behavior_HL, mask_HL } = batch
            const [target, history] = [items.read(item_B), historyOf(history_HL, behavior_HL)]
            const { interest, weights } = behavior.read({ history, target, mask: mask_HL, noise })
            return { logit_B: output({ interest, target, batch, noise }), reasons: { attention: weights } }
          },
        },
      }
    },
  })
}

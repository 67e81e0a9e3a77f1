/**
 * @file A behavior model alone: click prediction from ids, fields and numbers, without pictures and texts (R-D7, R-D8).
 *        x = [id and field embeddings], shared by candidates and histories         item_B -> target_BD, history_HL -> history_HLD
 *        v = behavior model(history, target)                                       -> interest_BV
 *        logit = MLP([v, candidate, candidate's numbers, user, user's numbers])    -> logit_B
 * Symbols: D = fields * `embeddingSize`, V = the behavior model's width.
 * Differs: one output MLP for all four, that of DIN (PReLU), `layers` layers of which each has half of the one before; the papers have 200 and 80
 * (DIN) or do not tell. Context features are not read: the data has none.
 */
import * as z from 'zod'
import { type ClickDefinition, defineClickModel } from '../contract/click-model.ts'
import { clickOutput, outputOptions } from '../parts/click-output.ts'
import { embeddedFields, embeddedHistory } from '../parts/field-embeddings.ts'
import type { Backbone } from './backbone.ts'
import { headsDivide } from './backbone-options.ts'
import { dinBackbone } from './din.ts'
import { dpnBackbone } from './dpn.ts'
import { etaBackbone } from './eta.ts'
import { twinBackbone } from './twin.ts'

const aloneOptions = {
  embeddingSize: z.int().min(1).max(1024).default(16).describe('width of each field’s embedding'),
  ...outputOptions,
  maxLength: z.int().min(1).max(1000).default(50).describe('L, how many of the last events are read'),
}
type AloneOptions = z.infer<z.ZodObject<typeof aloneOptions>>

/** A model of clicks that is a behavior model and an output. */
function alone<Options>(backbone: Backbone<Options>): ClickDefinition<AloneOptions & Options> {
  const { slug, title, options } = backbone
  const config = z.strictObject({ ...aloneOptions, ...options }).refine(...headsDivide)
  return defineClickModel({
    slug,
    task: 'click',
    title,
    config: config as unknown as z.ZodType<AloneOptions & Options>,
    build(config, shape) {
      const items = embeddedFields(shape, 'item', config.embeddingSize)
      const historyOf = embeddedHistory(shape, items)
      const read = backbone.build('interest', config, items.width)
      const logits = clickOutput(shape, [read.width, items.width], config)
      return {
        maxLength: config.maxLength,
        forward(batch, noise) {
          const [target, history] = [items(batch.item_B), historyOf(batch.history_HL, batch.behavior_HL)]
          const { interest, weights } = read({ history, target, mask: batch.mask_HL, noise })
          return { logit_B: logits({ interest, target, batch, noise }), reasons: { attention: weights } }
        },
      }
    },
  })
}

/** DIN alone. */
export const din = alone(dinBackbone)
/** DPN alone. */
export const dpn = alone(dpnBackbone)
/** ETA alone. */
export const eta = alone(etaBackbone)
/** TWIN alone. */
export const twin = alone(twinBackbone)

/** @file The options of Diff-MSIN. */
import * as z from 'zod'
import { backboneOptions, backboneSlugs } from '../clicks/backbones.ts'
import { embeddingSizeTo, outputOptions } from '../parts/click-options.ts'
import { flag, headsDivide, lossWeight, maxEvents } from '../parts/options.ts'

/** Hyper-parameters of Diff-MSIN, those of every backbone among them. */
export const diffMsinConfig = z
  .strictObject({
    backbone: z.enum(backboneSlugs).default('din').describe('the behavior model that is the id expert'),
    embeddingSize: embeddingSizeTo(256).describe('width of the embedding of each id field (item, user, brand, ...)'),
    modalitySize: z
      .int()
      .min(1)
      .max(1024)
      .default(64)
      .describe('width that vectors of pictures and texts are projected to (d_m)'),
    levelInterest: z
      .boolean()
      .default(true)
      .describe("layer-normalize the attention's sum over events before each modality's expert"),
    expertSize: z.int().min(1).max(1024).default(128).describe("width of every expert's output (d_e)"),
    ...outputOptions,
    maxLength: maxEvents,
    steps: z.int().min(1).max(100).default(12).describe('number of diffusion steps of the synergy (T)'),
    alphaStart: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.999)
      .describe("share of the signal's variance that the first diffusion step keeps"),
    alphaEnd: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.98)
      .describe("share of the signal's variance that the last diffusion step keeps"),
    states: z
      .enum(['pooled', 'sequence'])
      .default('pooled')
      .describe(
        'states of the synergy: pooled is one vector for each modality, as printed; sequence is one for each event, at a hundred times the cost',
      ),
    fusionHeads: z
      .int()
      .min(1)
      .max(64)
      .default(8)
      .describe('number of attention heads in the synergy and the fusion; must divide expertSize'),
    fusion: z
      .enum(['residual', 'printed'])
      .default('residual')
      .describe(
        "residual adds the id's vector to the output of the fusion's attention; printed does not, as the paper",
      ),
    w1: lossWeight(0.01, 'weight of the loss that keeps the experts apart (decoupling)'),
    w2: lossWeight(0.01, 'weight of the synergy loss'),
    margin: z
      .number()
      .min(-1)
      .max(1)
      .default(0)
      .describe(
        'if the candidate was not clicked, the synergy loss pushes its synergy vector away while their cosine is above this',
      ),
    printedSynergyLoss: flag('use the synergy loss as printed, whose term for items not clicked is always 0'),
    withoutEnhancement: flag('leave out the shared experts, their gates and the decoupling loss (w/o MFE)'),
    withoutSynergy: flag('leave out the synergy and its loss (w/o SRC)'),
    withoutFusion: flag('concatenate the parts instead of gates, cross layer and attention (w/o FDAF)'),
    withoutImage: flag('do not read pictures'),
    withoutText: flag('do not read texts'),
    withoutPart: z
      .enum(['none', 'image', 'text', 'common', 'synergy'])
      .default('none')
      .describe('leave this part out of the fusion; by default none'),
    ...backboneOptions,
  })
  .refine(...headsDivide('embeddingSize'))
  .refine(...headsDivide('expertSize', 'fusionHeads'))
  .refine(({ alphaStart, alphaEnd }) => alphaEnd <= alphaStart, {
    path: ['alphaEnd'],
    message: 'must not be above alphaStart',
  })

/** See {@link diffMsinConfig}. */
export type DiffMsinConfig = z.infer<typeof diffMsinConfig>

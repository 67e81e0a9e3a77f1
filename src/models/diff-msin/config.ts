/** @file The options of Diff-MSIN. */
import * as z from 'zod'
import { headsDivide } from '../clicks/backbone-options.ts'
import { backboneOptions, backboneSlugs } from '../clicks/backbones.ts'
import { outputOptions } from '../parts/click-output.ts'

const flag = (what: string) => z.boolean().default(false).describe(what)
const weight = (value: number, what: string) => z.number().min(0).max(10).default(value).describe(what)

/** Hyper-parameters of Diff-MSIN, those of every backbone among them. */
export const diffMsinConfig = z
  .strictObject({
    backbone: z.enum(backboneSlugs).default('din').describe('the behavior model that reads ids'),
    embeddingSize: z.int().min(1).max(256).default(16).describe('width of each id field’s embedding'),
    modalitySize: z
      .int()
      .min(1)
      .max(1024)
      .default(64)
      .describe('d_m, what vectors of pictures and texts are projected to'),
    levelInterest: z
      .boolean()
      .default(true)
      .describe('layer-normalize what the attention adds up of a modality before its expert'),
    expertSize: z.int().min(1).max(1024).default(128).describe('d_e, the width of every expert’s output'),
    ...outputOptions,
    maxLength: z.int().min(1).max(1000).default(50).describe('L, how many of the last events are read'),
    steps: z.int().min(1).max(100).default(12).describe('T, diffusion steps of the synergy'),
    alphaStart: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.999)
      .describe('share of the signal’s variance that the first step keeps'),
    alphaEnd: z.number().gt(0).lt(1).default(0.98).describe('the same of the last step'),
    states: z
      .enum(['pooled', 'sequence'])
      .default('pooled')
      .describe('what the synergy’s states are: one vector a modality, or one an event'),
    fusionHeads: z
      .int()
      .min(1)
      .max(64)
      .default(8)
      .describe('heads of the synergy’s and the fusion’s attention; must divide expertSize'),
    fusion: z
      .enum(['residual', 'printed'])
      .default('residual')
      .describe('the id’s vector added to what the fusion’s attention found, or not, as printed'),
    w1: weight(0.01, 'weight of the decoupling loss'),
    w2: weight(0.01, 'weight of the synergy loss'),
    margin: z
      .number()
      .min(-1)
      .max(1)
      .default(0)
      .describe('cosine to the candidate above which what was not clicked is pushed away'),
    printedSynergyLoss: flag('the synergy loss as printed, which never pushes away'),
    withoutEnhancement: flag('leave out the shared experts, their gates and the decoupling (w/o MFE)'),
    withoutSynergy: flag('leave out the synergy and its loss (w/o SRC)'),
    withoutFusion: flag('put the parts side by side in place of gates, cross layer and attention (w/o FDAF)'),
    withoutImage: flag('do not read pictures'),
    withoutText: flag('do not read texts'),
    withoutPart: z
      .enum(['none', 'image', 'text', 'common', 'synergy'])
      .default('none')
      .describe('a part that does not reach the fusion'),
    ...backboneOptions,
  })
  .refine(...headsDivide)
  .refine(({ fusionHeads, expertSize }) => expertSize % fusionHeads === 0, {
    path: ['fusionHeads'],
    message: 'must divide expertSize',
  })
  .refine(({ alphaStart, alphaEnd }) => alphaEnd <= alphaStart, {
    path: ['alphaEnd'],
    message: 'must not be above alphaStart',
  })

/** See {@link diffMsinConfig}. */
export type DiffMsinConfig = z.infer<typeof diffMsinConfig>

/** @file The options of SSDRec. */
import * as z from 'zod'
import { dropout, flag, headsDivide, lossWeight, sequenceOptions } from '../parts/options.ts'

const { stride: _, ...readOptions } = sequenceOptions
const share = z.number().min(0).max(1)

/** Hyper-parameters of SSDRec; defaults are those of the published code but for `hiddenSize`, 100 there. */
export const ssdrecConfig = z
  .strictObject({
    ...readOptions,
    embeddingDropout: dropout
      .default(0.3)
      .describe('share of values set to 0 while training where a history is reconstructed'),
    readoutDropout: dropout
      .default(0.2)
      .describe('share of values set to 0 while training where an event is compared with the next item'),
    temperature: z
      .number()
      .min(0.01)
      .max(10)
      .default(0.5)
      .describe('temperature of the choices in the first steps of training; it falls every 40 steps'),
    temperatureFloor: z
      .number()
      .min(1e-4)
      .max(10)
      .default(1e-3)
      .describe('temperature that the choices come to; must not be above temperature'),
    placeScale: z
      .number()
      .min(0)
      .max(10_000)
      .default(1)
      .describe('what the scores of places are multiplied by before one is drawn; they differ little at 1'),
    curriculumEpochs: z
      .int()
      .min(1)
      .max(1000)
      .default(10)
      .describe('epochs over which the share of left out rows falls from dropShare to 0'),
    dropShare: share
      .default(0.2)
      .describe('share of the rows of a batch that the first epoch leaves out: those that are reconstructed worst'),
    minimumCoOccurrence: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(10)
      .describe('pairs of items that come together no more often than this have no edge'),
    coldItems: share.default(0.8).describe('share of the items, the rarest, that are incompatible with nothing'),
    coldUsers: share
      .default(0.9)
      .describe('share of the users, those with the shortest histories, who are incompatible with nobody'),
    neighbors: z
      .int()
      .min(1)
      .max(10_000)
      .default(50)
      .describe('most neighbors of an item or user in each graph, the strongest'),
    insertCandidates: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(1024)
      .describe('number of items, drawn for each batch, that inserted ones are chosen among; 0 is all'),
    lambdaReconstruction: lossWeight(1, 'weight of the reconstruction of histories'),
    lambdaPreference: lossWeight(1, 'weight of the loss that sets events apart from drawn items, for each user'),
    withoutGraphs: flag('read items and users without the graphs'),
    withoutInsertion: flag('insert no items, and take none away beside them'),
    withoutDenoising: flag('keep every event; without insertion too it is the backbone, SASRec'),
  })
  .refine(...headsDivide('hiddenSize'))
  .refine(({ temperature, temperatureFloor }) => temperatureFloor <= temperature, {
    path: ['temperatureFloor'],
    message: 'must not be above temperature',
  })

/** See {@link ssdrecConfig}. */
export type SsdrecConfig = z.infer<typeof ssdrecConfig>

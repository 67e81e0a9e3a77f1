/**
 * @file MISSRec: a history becomes the set of interests, clusters of pictures and texts, that its items belong to. An
 * encoder reads the set, a decoder the items beside it; each user weighs an item's picture and text anew. Wang et al.,
 * ACM MM 2023. [bib: missrec]
 *   (1)  x^m = W_m a^m + b_m, m a picture or text                    -> item_VD
 *   (2)  before every epoch: k-means of all x^m, k = r times as many -> center z, number q of each item and m
 *   (3)  Q = the distinct q of a history's pictures and texts        item_BL -> interest_BND, constants z_Q
 *   (4)  H = LN(encoder(z_Q)), one post-norm layer, no positions     -> memory_BND
 *   (5)  s = drop(LN(sum_m x^m + P + E))                             item_BL -> hidden_BLD
 *   (6)  s <- LN(s + attend(s)); LN(s + attend(s, H)); LN(s + FFN(s)); LN(s)   not causal
 *   (7)  u = normalize(s_last)                                       -> user_PD
 *   (8)  l_m = cos(u, x^m); l = sum_m w_m l_m, w = softmax_m(f l_m)  user_PD -> fused_PV
 *   (9)  r = (2 l + cos(u, E)) / 3t; l / t without ids               -> scores_PV
 *   (10) L = cross-entropy of r + gamma mean |mean H|^2 / D
 * Numbers are the sheet's, not the paper's. Differs:
 * - **trained from scratch**: the paper pre-trains on five other domains, which a run here has not; its contrasts and
 *   augmentations are left out with it;
 * - k-means++ and Lloyd's rounds over all vectors, drawn by the run's seed; theirs is k-means in small batches;
 * - (10) is our reading of the paper's orthogonal interests (**unconfirmed**); their code sums over padding too and
 *   grows with the batch, so that their gamma of 1e-4 has another size;
 * - a cluster that comes twice in a history is hidden, not left out, which is the same set;
 * - the pad is no class; no dropout inside FFN, whose width is 4 D (theirs 256 at 300); weights start from normals;
 * - a learned vector is added where an item lacks a picture or text (theirs reads zeros); one modality weighs 1.
 */
import * as z from 'zod'
import { type Sequences, sequences } from '../../batches/sequences.ts'
import type { FeatureModality, Modality } from '../../dataset/schema.ts'
import { catalogLossOf } from '../../nn/catalog-loss.ts'
import { normal, zeros } from '../../nn/init.ts'
import { layerNorm, linear } from '../../nn/linear.ts'
import type { Noise } from '../../nn/noise.ts'
import { multiHeadAttention } from '../../nn/transformer-block.ts'
import { addAll } from '../../tensor/elementwise.ts'
import { parameter, type Tensor } from '../../tensor/node.ts'
import { type BuiltModel, defineModel, type Losses, objective, type Pass, type Score } from '../contract/model.ts'
import { paddingBias } from '../parts/attention-bias.ts'
import { interestSets, oneInterest } from '../parts/interest-sets.ts'
import { ownWindows } from '../parts/item-windows.ts'
import { neededModalities } from '../parts/needed-modalities.ts'
import {
  auxiliaryTargets,
  dropout,
  flag,
  heads,
  headsDivide,
  hiddenSize,
  lossWeight,
  maxLength,
  temperature,
} from '../parts/options.ts'
import { frozenVectors, projectedVectors } from '../parts/projected-vectors.ts'
import { explainParts, partReasons, scoreParts, type TablePart } from '../parts/score-parts.ts'

const config = z
  .strictObject({
    hiddenSize,
    maxLength,
    heads: heads.default(4),
    dropout,
    auxiliaryTargets,
    temperature: temperature(0.07, 'temperature of the softmax over cosines'),
    interestRatio: z
      .number()
      .min(0.0001)
      .max(1)
      .default(0.5)
      .describe(
        'number of interests as a share of all pictures and texts (r); 0.1 spares much time where items are many',
      ),
    clusterPasses: z
      .int()
      .min(1)
      .max(100)
      .default(5)
      .describe('rounds of k-means before every epoch, after which interests are where they are'),
    gamma: lossWeight(1e-4, 'weight of the loss that draws the interests of a user apart'),
    fusion: z
      .enum(['dynamic', 'static'])
      .default('dynamic')
      .describe('how picture and text are weighed: dynamic for each user and item, static alike'),
    withoutId: flag("read and rank items by their pictures and texts alone (the paper's inductive setting)"),
    withoutInterests: flag('let the decoder read one learned vector in place of interests'),
  })
  .refine(...headsDivide('hiddenSize'))

type Config = z.infer<typeof config>

const slug = 'missrec'
const reads: readonly FeatureModality[] = ['image', 'text']

/** MISSRec; see the file's header. */
export const missrec = defineModel({
  slug,
  task: 'next-item',
  title: 'MISSRec',
  reducedForm: 'from scratch: not pre-trained on the five domains of the paper, which a run here has not',
  needs: () => reads,
  config,
  build(config, catalog): BuiltModel<Sequences> {
    const { hiddenSize, maxLength, withoutId, withoutInterests, gamma } = config
    const contents = neededModalities(slug, reads, catalog).map((modality) => {
      const project = projectedVectors(frozenVectors(modality, catalog), hiddenSize, modality)
      return { modality, project, table: project() }
    })
    const items_VD = withoutId
      ? undefined
      : parameter('item', [catalog.itemCount + 1, hiddenSize], normal(), { rows: 'items' })
    const positions = parameter('position', [maxLength, hiddenSize], normal())
    const norm = layerNorm('norm', hiddenSize)
    const interests = withoutInterests ? oneInterest(config) : interestSets(contents, config, catalog)
    const decode = decoder(config)
    const windows = ownWindows(config, catalog)

    /** (3-7), and (10) but its weight. */
    const read = ({ item_BL, mask_BL, length, atLast }: Sequences, { noise }: Pass) => {
      const vectors = contents.map(({ project }) => project(item_BL))
      const sum_BLD = addAll([...vectors, ...(items_VD ? [items_VD.rows(item_BL)] : [])]).add(
        positions.slice(0, 0, length),
      )
      const { memory_BND, bias, closeness } = interests.read(item_BL, mask_BL, noise)
      const hidden_BLD = noise.dropout(norm(sum_BLD), config.dropout)
      const own = { bias: paddingBias(item_BL), noise }
      const decoded_BLD = decode(hidden_BLD, own, { memory: memory_BND, bias, noise })
      return { user_PD: atLast(decoded_BLD).l2Normalize(), closeness }
    }
    const parts: readonly TablePart[] = [
      ...contents.map(({ modality, table }): TablePart => [modality, table.l2Normalize()]),
      ...(items_VD ? [['id', items_VD.l2Normalize()] satisfies TablePart] : []),
    ]
    const score = contents.length > 1 && config.fusion === 'dynamic' ? dynamic : fixed
    const { scored, main } = score(parts, config, (batch, pass) => read(batch, pass).user_PD)
    const losses = (batch: Sequences, pass: Pass): Losses => {
      const { user_PD, closeness } = read(batch, pass)
      return {
        main: { weight: 1, value: main(user_PD, batch, pass) },
        ...(gamma > 0 && { interests: { weight: gamma, value: closeness } }),
      }
    }
    const batches = sequences(windows)
    const { memory, beforeEpoch } = interests
    return {
      batches,
      history: windows,
      score: scored,
      stages: [
        {
          name: 'train',
          epochs: 'until-best',
          objectives: [objective({ name: 'train', batches, losses })],
          ...(beforeEpoch && { beforeEpoch }),
        },
      ],
      ...(memory && { memory }),
      ...(parts.length > 1 && { explain: explainParts(parts.map(([name]) => name)) }),
    }
  },
})

/** How users meet items, and the loss of users whose targets a batch has. */
interface Ranking {
  readonly scored: Score<Sequences>
  readonly main: (user_PD: Tensor, batch: Sequences, pass: Pass) => Tensor
}
type Users = (batch: Sequences, pass: Pass) => Tensor

/** What pictures and texts are of a score, and what the id is. */
const contentShare = ({ withoutId }: Config): number => (withoutId ? 1 : 2 / 3)

/** (8, 9) with weights that are the same for everybody: one table ranks. */
function fixed(parts: readonly TablePart[], config: Config, users: Users): Ranking {
  const contents = parts.filter(([name]) => name !== 'id').length
  const content = contentShare(config)
  const weighted = parts.map(
    ([name, table]): TablePart => [name, table.mul(name === 'id' ? 1 - content : content / contents)],
  )
  const table = addAll(weighted.map(([, part]) => part))
  const warm = (user: Tensor): Tensor => user.div(config.temperature)
  return {
    scored: {
      kind: 'dot',
      table,
      user(batch, pass) {
        const user = warm(users(batch, pass))
        return { user, reasons: parts.length > 1 ? scoreParts(user, weighted) : {} }
      },
    },
    main: (user_PD, { target_P, weight_P }, { catalogLoss }) =>
      catalogLoss({
        hidden: warm(user_PD),
        table,
        targets: target_P,
        weights: weight_P,
        rowsOf: (ids) => table.rows(ids),
      }),
  }
}

/** (8, 9) with weights of each user and item: a product for each part. */
function dynamic(parts: readonly TablePart[], config: Config, users: Users): Ranking {
  const tables = parts.map(([, table]) => table)
  const names = parts.map(([name]): Modality => name)
  const factor = parameter('fusion', [1], zeros)
  const content = contentShare(config)
  /** What picture, text and id are of scores [P, V + 1]; a softmax of two is a sigmoid of their distance. */
  const shares = ([image, text, id]: readonly Tensor[]): readonly Tensor[] => {
    const [l_image, l_text] = [image as Tensor, text as Tensor]
    const ofText = l_text.sub(l_image).mul(factor).sigmoid()
    const weighed = [l_image.mul(ofText.mul(-1).add(1)), l_text.mul(ofText)].map((part) =>
      part.mul(content / config.temperature),
    )
    return id ? [...weighed, id.mul((1 - content) / config.temperature)] : weighed
  }
  const combine = (products: readonly Tensor[]): Tensor => addAll(shares(products))
  return {
    scored: {
      kind: 'products',
      tables,
      users(batch, pass) {
        const user = users(batch, pass)
        return tables.map(() => user)
      },
      combine,
      reasons: (products) => partReasons(names, shares(products)),
    },
    main: (user_PD, { target_P, weight_P }) =>
      catalogLossOf(combine(tables.map((table) => user_PD.matmul(table, { transposeB: true }))), target_P, weight_P),
  }
}

/** What a layer attends to beside its query. */
interface Attended {
  readonly memory?: Tensor
  readonly bias: Tensor
  readonly noise: Noise
}

/** (6); parameters `decoder.{self,cross}.*`, `decoder.{inner,outer}`, `decoder.norm{1,2,3}`, `decoder.norm`. */
function decoder({ hiddenSize: width, heads, dropout }: Config) {
  const block = { width, heads, dropout }
  const attend = [multiHeadAttention('decoder.self', block), multiHeadAttention('decoder.cross', block)]
  const norms = [1, 2].map((at) => layerNorm(`decoder.norm${at}`, width))
  const inner = linear('decoder.inner', [width, 4 * width], { init: normal() })
  const outer = linear('decoder.outer', [4 * width, width], { init: normal() })
  const [last, end] = [layerNorm('decoder.norm3', width), layerNorm('decoder.norm', width)]
  return (hidden_BLD: Tensor, ...attended: readonly Attended[]): Tensor => {
    const { noise } = attended[0] as Attended
    const read = attended.reduce((query, { memory, bias }, at) => {
      const step = attend[at] as (typeof attend)[number]
      const found = step({ query, bias, noise, ...(memory && { memory }) })
      return (norms[at] as (typeof norms)[number])(query.add(noise.dropout(found, dropout)))
    }, hidden_BLD)
    return end(last(read.add(noise.dropout(outer(inner(read).gelu()), dropout))))
  }
}

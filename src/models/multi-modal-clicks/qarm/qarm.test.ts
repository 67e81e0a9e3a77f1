import { describe, expect, it } from 'vitest'
import { expectClickParity } from '../../../../test/conformance/click-parity.ts'
import { expectResumes } from '../../../../test/conformance/click-resume.ts'
import {
  normals,
  type PlantedClicks,
  plantedClicks,
  plantedItems,
  trainOnPlanted,
  turnedCodes,
} from '../../../../test/fixtures/planted-clicks.ts'
import { type RandomStream, randomStream } from '../../../random/stream.ts'
import { clickConformance } from '../../../testing/clicks/index.ts'
import { qarm } from './qarm.ts'

const small = {
  embeddingSize: 4,
  alignedSize: 6,
  attentionSize: 8,
  hiddenSize: 16,
  neighbors: 3,
  levels: 2,
  centers: 3,
  clusterPasses: 3,
  alignmentEpochs: 1,
}
clickConformance(qarm, { config: small, learns: { steps: 500 } })

it.each(['joined', 'both', 'each'])('QARM’s logits, loss and gradients equal PyTorch’s: %s', async (variant) => {
  const optionsOf = ({ embedding = 0, modality = 0, hidden = 0 }) => ({
    embeddingSize: embedding,
    alignedSize: modality,
    hiddenSize: hidden,
    attentionSize: 4,
    levels: 2,
    centers: 3,
    neighbors: 2,
  })
  await expectClickParity(qarm, optionsOf, { file: 'qarm', variant })
})

it('a stopped run of QARM goes on to the same bytes', async () => {
  // Within the alignment, at its end, and within the first epoch of clicks.
  await expectResumes('qarm', small, [1, 1, 2])
})

const clusters = 12
/** Items up to this one are shown in training, the others in tests alone. */
const lastSeen = plantedItems / 2

/**
 * Items of twelve clusters, each with a code that its vectors have. A candidate of the cluster that most events of a
 * history have is clicked.
 * @param shuffled every item has the vectors of another
 */
function clusteredClicks(shuffled = false): PlantedClicks {
  const random = randomStream(1, 'clustered clicks')
  const clusterOf = Array.from({ length: plantedItems }, () => random.integer(clusters))
  const codes = Array.from({ length: clusters }, () => normals(random, 6))
  const vectors = turnedCodes(
    clusterOf.map((cluster) => codes[cluster] as number[]),
    random,
  )
  const from = Int32Array.from(vectors.keys())
  if (shuffled) random.shuffle(from)
  const drawn = (random: RandomStream, fits: (cluster: number) => boolean, first = 1): number => {
    let item: number
    do item = first + random.integer(lastSeen)
    while (!fits(clusterOf[item - 1] as number))
    return item
  }
  return plantedClicks({
    vectors: { image: Array.from(from, (at) => vectors[at] as number[]) },
    draw(random, part) {
      const [liked, clicked] = [random.integer(clusters), random.integer(2) === 1]
      const isLiked = (cluster: number): boolean => cluster === liked
      const history = [true, false, true, true, false].map((fits) =>
        drawn(random, fits ? isLiked : (cluster) => cluster !== liked),
      )
      const first = part === 'train' ? 1 : 1 + lastSeen
      return { item: drawn(random, (cluster) => isLiked(cluster) === clicked, first), history, clicked }
    },
  })
}

describe('a cluster of items that most of a history has', () => {
  const options = { ...small, alignment: 'none', centers: clusters, clusterPasses: 8 }
  const aucOn = async (world: PlantedClicks, more: object = {}): Promise<number> =>
    (await trainOnPlanted(qarm, { ...options, ...more }, world, { steps: 150 })).auc

  it('is known by codes, also of candidates that training never showed', async () => {
    expect(await aucOn(clusteredClicks())).toBeGreaterThan(0.9)
  })

  it('is not where items have the codes of others', async () => {
    const auc = await aucOn(clusteredClicks(true))
    expect(auc).toBeGreaterThan(0.45)
    expect(auc).toBeLessThan(0.55)
  })
})

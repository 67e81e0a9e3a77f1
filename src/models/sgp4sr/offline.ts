/** @file What a run of SGP4SR computes before training, as its options ask for it. */
import type { Dataset, FeatureTable } from '../../dataset/schema.ts'
import type { ModelDefinition, Offline } from '../contract/model.ts'
import { unitVectors } from '../parts/unit-vectors.ts'
import { hasCenters, hasGraphs, type Sgp4srConfig } from './config.ts'
import { offlineBytes, sgp4srOffline } from './graphs.ts'
import { type ModalStream, modalStreams } from './item-views.ts'
import { laterSgp4sr } from './later.ts'

/**
 * Graphs and interest centers; see {@link sgp4srOffline} for their names. Fused modalities (w/o MUL) are computed as
 * one, `fused`.
 */
export const offline: Required<ModelDefinition<Sgp4srConfig>>['offline'] = {
  key: keyOf,
  bytes: (config, data) => (hasGraphs(config) || hasCenters(config) ? offlineBytes(data) : 0),
  async make(config, sources) {
    const { dataset } = sources
    // Refuses before anything is computed.
    modalStreams(config, dataset)
    if (!hasGraphs(config) && !hasCenters(config)) return {}
    const fused = config.withoutSeparation
    const options = { ...config, centers: hasCenters(config) ? config.centers : 0, seed: config.clusterSeed }
    const made = await sgp4srOffline(options, fused ? { ...sources, dataset: fusedDataset(dataset) } : sources)
    const kept = Object.entries(made).filter(([name]) => hasGraphs(config) || !name.startsWith('graph.'))
    return Object.fromEntries(
      fused ? kept.map(([name, tensor]) => [name.replace(/^(graph|centers)\.image/, '$1.fused'), tensor]) : kept,
    ) as Offline
  },
  later(config, made, sources) {
    const { dataset } = sources
    const { features } = config.withoutSeparation ? fusedDataset(dataset) : dataset
    const tableOf = (stream: ModalStream): FeatureTable =>
      features[stream === 'fused' ? 'image' : stream] as FeatureTable
    return laterSgp4sr(config, made, sources, tableOf)
  },
}

function keyOf(config: Sgp4srConfig): unknown {
  const { neighbors, muCoOccurrence, muModal, withoutCoOccurrence, withoutSeparation, clusterSeed } = config
  const centers = hasCenters(config) ? { centers: config.centers, clusterSeed } : {}
  return {
    ...centers,
    graphs: hasGraphs(config),
    neighbors,
    muCoOccurrence,
    muModal,
    withoutCoOccurrence,
    withoutSeparation,
  }
}

/**
 * The dataset with both modalities side by side under one name: unit vectors, so that neither outweighs the other by
 * its length.
 */
function fusedDataset(dataset: Dataset): Dataset {
  const { image, text } = dataset.features as { image: FeatureTable; text: FeatureTable }
  const width = image.width + text.width
  const vectors = new Float32Array(image.present.length * width)
  const [ofImage, ofText] = [unitVectors(image), unitVectors(text)]
  for (const [item] of image.present.entries()) {
    vectors.set(ofImage.subarray(item * image.width, (item + 1) * image.width), item * width)
    vectors.set(ofText.subarray(item * text.width, (item + 1) * text.width), item * width + image.width)
  }
  const present = image.present.map((has, item) => has | (text.present[item] as number))
  return { ...dataset, features: { image: { width, vectors, present } } }
}

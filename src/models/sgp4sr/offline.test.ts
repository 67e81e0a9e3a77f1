import { describe, expect, it } from 'vitest'
import { splitDataset } from '../../dataset/splits.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { compile } from '../../runtime/node.ts'
import { ringDataset } from '../../testing/ring.ts'
import type { Offline } from '../contract/model.ts'
import { sgp4srConfig } from './config.ts'
import { offline } from './offline.ts'

const dataset = ringDataset()
const split = splitDataset(dataset, { protocol: 'leave-one-out' })
const config = (options: object) => sgp4srConfig.parse({ neighbors: 3, centers: 4, ...options })
const made = (options: object): Promise<Offline> =>
  offline.make(config(options), { dataset, split, compute: (outputs) => compile(buildGraph(outputs), { threads: 1 }) })
/** What is made, by the first two words of its name. */
const kinds = async (options: object): Promise<string[]> =>
  [...new Set(Object.keys(await made(options)).map((name) => name.split('.').slice(0, 2).join('.')))].sort()

describe('what SGP4SR makes offline', () => {
  it('is what its options read', async () => {
    expect(await kinds({})).toEqual(['centers.image', 'centers.text', 'graph.id', 'graph.image', 'graph.text'])
    expect(await kinds({ withoutCenters: true })).toEqual(['graph.id', 'graph.image', 'graph.text'])
    expect(await kinds({ withoutGraphs: true })).toEqual(['centers.image', 'centers.text'])
    expect(await kinds({ withoutSeparation: true })).toEqual(['centers.fused', 'graph.fused', 'graph.id'])
    expect(await kinds({ withoutBoth: true })).toEqual([])
  })

  it('joins fused items by both modalities, those that lack one too', async () => {
    const { 'centers.fused': fused, 'centers.image': image } = {
      ...(await made({ withoutSeparation: true })),
      ...(await made({})),
    }
    const members = ({ shape: [, columns = 1], data }: NonNullable<typeof fused>): number =>
      new Set(Array.from(data as Float32Array, (value, at) => (value > 0 ? at % columns : 0))).size - 1
    expect(members(fused as NonNullable<typeof fused>)).toBe(12)
    expect(members(image as NonNullable<typeof image>)).toBe(11)
  })

  it('takes memory for both graphs of co-occurrence and their file, and none where there is nothing to make', async () => {
    const bytes = (options: object): number => offline.bytes?.(config(options), { dataset, split }) as number
    expect(bytes({ withoutBoth: true })).toBe(0)
    const layout = Object.entries(await made({})).filter(([name]) => name.startsWith('graph.id'))
    const size = layout.reduce((sum, [, { data }]) => sum + data.byteLength, 0)
    expect(bytes({})).toBeGreaterThan(size)
    expect(bytes({})).toBeLessThan(4 * size)
  })

  it('is named by the options it depends on, and by no other', () => {
    const key = (options: object): string => JSON.stringify(offline.key(config(options)))
    for (const options of [
      { neighbors: 2 },
      { muModal: 3 },
      { centers: 5 },
      { clusterSeed: 2 },
      { withoutCoOccurrence: true },
      { withoutSeparation: true },
    ]) {
      expect(key(options)).not.toBe(key({}))
    }
    for (const options of [{ hiddenSize: 32 }, { rho: 0.5 }, { dropout: 0 }]) expect(key(options)).toBe(key({}))
    expect(key({ withoutCenters: true, centers: 5 })).toBe(key({ centers: 0 }))
  })
})

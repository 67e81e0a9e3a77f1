import { clickConformance, readsNoModality } from '../../testing/clicks/index.ts'
import { twin } from './twin.ts'

clickConformance(twin, { config: { embeddingSize: 4, hiddenSize: 16, topItems: 4 }, skip: [readsNoModality] })

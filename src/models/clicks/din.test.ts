import { clickConformance, readsNoModality } from '../../testing/clicks/index.ts'
import { din } from './din.ts'

clickConformance(din, { config: { embeddingSize: 4, attentionSize: 8, hiddenSize: 20 }, skip: [readsNoModality] })

/** @file Lays maps out in a thread of its own: it takes seconds, and whoever serves must go on answering. */
import { parentPort, workerData } from 'node:worker_threads'
import { mapLayout } from '../map/map-layout.ts'
import type { MapVectors } from '../map/nearest.ts'

const { maps, seed } = workerData as { maps: readonly MapVectors[]; seed: number }
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window and has no origin
parentPort?.postMessage(maps.map((vectors) => mapLayout(vectors, seed)))

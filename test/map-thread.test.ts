import { join } from 'node:path'
import { expect, inject, it } from 'vitest'
import { mapLayout } from '../src/map/map-layout.ts'
import type { Layouts } from '../src/serve/item-map.ts'

it('a map is laid out in a thread as it would be here', async () => {
  const script = join(inject('compiled'), 'src/serve/item-map.js')
  const { inThread } = (await import(script)) as { inThread: Layouts }
  const maps = [{ width: 4, vectors: Float32Array.from({ length: 160 }, (_, at) => Math.sin(at * at)) }]
  expect(await inThread(maps)).toEqual(maps.map((vectors) => mapLayout(vectors, 1)))
})

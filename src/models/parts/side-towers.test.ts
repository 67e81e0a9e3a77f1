import { expect, it } from 'vitest'
import { randomStream } from '../../random/stream.ts'
import { input } from '../../tensor/node.ts'
import { evaluateTensor, type Feeds } from '../../testing/evaluate-tensor.ts'
import { jointTower, tower } from './side-towers.ts'

const [items, width, to, taps, adapterSize] = [2, 4, 3, 3, 2]
const config = { taps, adapterSize, gateTemperature: 0.1, gates: 'gated' } as const
const random = randomStream(5)
const normals = (size: number): Float32Array => Float32Array.from({ length: size }, () => random.normal())
const sides = ['image', 'text'].map((side) =>
  Array.from({ length: taps }, (_, tap) => input(`${side}${tap}`, [items, width])),
)
const [image, text] = sides as [(typeof sides)[number], (typeof sides)[number]]
const parameters: Record<string, Float32Array> = {
  'tower.full.weight': normals(width * width),
  'tower.full.bias': normals(width),
  'tower.out.weight': normals(width * to),
  'tower.out.bias': normals(to),
}
for (let tap = 0; tap < taps; tap++) {
  parameters[`tower.tap${tap}.down.weight`] = normals(width * adapterSize)
  parameters[`tower.tap${tap}.down.bias`] = normals(adapterSize)
  parameters[`tower.tap${tap}.up.weight`] = normals(adapterSize * width)
  parameters[`tower.tap${tap}.up.bias`] = normals(width)
}
const tapsOf = (side: string): Feeds =>
  Object.fromEntries(Array.from({ length: taps }, (_, tap) => [`${side}${tap}`, normals(items * width)]))
const given = { ...tapsOf('image'), ...tapsOf('text') }
const gatesOf = (gates: readonly number[]): Feeds =>
  Object.fromEntries(gates.map((value, tap) => [`tower.tap${tap}.gate`, Float32Array.of(value)]))

/** Whether a tower's output changes with each input. */
async function reads(output: ReturnType<ReturnType<typeof tower>>, gates: readonly number[]): Promise<string[]> {
  const feeds = { ...parameters, ...gatesOf(gates) }
  const before = await evaluateTensor(output, { ...feeds, ...given })
  const names: string[] = []
  for (const name of Object.keys(given)) {
    const after = await evaluateTensor(output, { ...feeds, ...given, [name]: normals(items * width) })
    if (before.some((value, at) => Math.abs(value - (after[at] as number)) > 1e-6)) names.push(name)
  }
  return names
}

it('a tower reads the one tap whose gate is open', async () => {
  const output = tower('tower', [width, to], config)(text)
  expect(await reads(output, [-5, 5, -5])).toEqual(['text1'])
  expect(await reads(output, [-5, -5, 5])).toEqual(['text2'])
  expect(await reads(output, [0, 0, 0])).toEqual(['text0', 'text1', 'text2'])
})

it('a tower that adds reads all taps', async () => {
  const output = tower('tower', [width, to], { ...config, gates: 'add' })(text)
  expect(await reads(output, [])).toEqual(['text0', 'text1', 'text2'])
})

it('a tower across takes the picture or the text of a tap by its gate', async () => {
  const output = jointTower('tower', [width, to], config)(image, text)
  expect(await reads(output, [5, -5, 5])).toEqual(['image0', 'image2', 'text1'])
})

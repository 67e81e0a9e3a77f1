/**
 * @file `npm run -s bench -- encode`: pictures a second of processor time by CLIP ViT-B/32 with random weights, from
 * the JPEG file on, beside PyTorch and PIL in alternating runs of one thread; and how far the vectors differ.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openModelFolder } from '../src/features/clip/model-folder.ts'
import { openVisionTower } from '../src/features/clip/vision-tower.ts'
import { type BenchResult, median, peerPython } from './result.ts'

const peerScript = 'tools/torch_clip.py'
const [rounds, count, threads] = [3, 32, 1]

/** What a side spends on a picture, in milliseconds, and its vectors. */
interface Spent {
  readonly all: number
  readonly model: number
  readonly vectors: readonly (readonly number[])[]
}

/** Medians of three alternating rounds on posters of films. */
export async function encode(): Promise<BenchResult> {
  const posters = join(process.env['SIFTREC_DATA'] ?? '../shared/data', 'ml-latest-small/posters')
  const pictures = readdirSync(posters)
    .sort()
    .slice(0, count)
    .map((name) => join(posters, name))
  // A model that was made before, in a folder that SIFTREC_CLIP names, saves a minute.
  const made = process.env['SIFTREC_CLIP']
  const folder = made ?? mkdtempSync(join(tmpdir(), 'siftrec-clip-'))
  try {
    if (!existsSync(join(folder, 'onnx')))
      execFileSync(peerPython(), [peerScript, '--make', folder], { stdio: 'ignore' })
    const [ours, peer]: [Spent[], Spent[]] = [[], []]
    for (let round = 0; round < rounds; round++) {
      ours.push(await spentHere(folder, pictures))
      peer.push(spentByPeer(folder, pictures))
    }
    const middle = (sides: readonly Spent[], part: 'all' | 'model'): number => median(sides.map((side) => side[part]))
    const models = { ours: middle(ours, 'model'), peer: middle(peer, 'model') }
    const settings = { pictures: count, threads, rounds, model: models, farthest: farthest(ours[0], peer[0]) }
    const [all, all2] = [middle(ours, 'all'), middle(peer, 'all')]
    return {
      name: 'encode',
      ours: 1000 / all,
      peer: 1000 / all2,
      ratio: all2 / all,
      unit: 'pictures a second',
      settings,
    }
  } finally {
    if (made === undefined) rmSync(folder, { recursive: true, force: true })
  }
}

async function spentHere(folder: string, pictures: readonly string[]): Promise<Spent> {
  await using tower = await openVisionTower(openModelFolder(folder), { threads })
  if (!tower) throw new Error('the model has no part for pictures')
  const [spent, vectors]: [{ all: number; model: number }, number[][]] = [{ all: 0, model: 0 }, []]
  const clock = (): number => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  }
  for (let at = 0; at < pictures.length; at += tower.batchSize) {
    const began = clock()
    const batch = []
    for (const path of pictures.slice(at, at + tower.batchSize)) {
      const content = await tower.content(path)
      const prepared = content && (await tower.prepare(content))
      if (prepared) batch.push(prepared)
    }
    const middle = clock()
    const encoded = await tower.encode(batch)
    spent.all += clock() - began
    spent.model += clock() - middle
    for (let row = 0; row < batch.length; row++)
      vectors.push([...encoded.subarray(row * tower.width, (row + 1) * tower.width)])
  }
  return { all: spent.all / pictures.length, model: spent.model / pictures.length, vectors }
}

function spentByPeer(folder: string, pictures: readonly string[]): Spent {
  const flags = ['--folder', folder, '--threads', String(threads), '--pictures', ...pictures]
  const out = execFileSync(peerPython(), [peerScript, ...flags], {
    encoding: 'utf8',
    maxBuffer: 1e8,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return JSON.parse(out.trim().split('\n').at(-1) ?? '') as Spent
}

/** The largest difference of two numbers at one place of the vectors. */
function farthest(a: Spent | undefined, b: Spent | undefined): number {
  const differences = (a?.vectors ?? []).flatMap((row, at) =>
    row.map((value, x) => Math.abs(value - (b?.vectors[at]?.[x] ?? Number.NaN))),
  )
  return differences.reduce((most, one) => (one > most || Number.isNaN(one) ? one : most), 0)
}

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { command, inProcess, start, succeedHere, workplace } from './fixtures/siftrec.ts'
import { prepareTinyShop, writeTinyShop } from './fixtures/tiny-shop.ts'

const folder = workplace()
/** A GPU of software, which Debian's chromium brings; libvulkan1 finds it. */
const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json'
const hasVulkan = existsSync(swiftShader) && existsSync('/usr/lib/x86_64-linux-gnu/libvulkan.so.1')
const hasCuda = existsSync('node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so')
const train = (out: string, ...more: readonly string[]): readonly string[] =>
  `train sasrec data --out ${out} --hidden-size 8 --layers 1 --epochs 1 --threads 1 --seed 7`.split(' ').concat(more)
const epochOf = (run: string): { readonly loss: number; readonly validation: number } =>
  (JSON.parse(readFileSync(join(folder, run, 'epochs.json'), 'utf8')) as [{ loss: number; validation: number }])[0]

describe('training on a GPU', () => {
  beforeAll(async () => {
    writeTinyShop(folder)
    await succeedHere(prepareTinyShop, folder)
  })

  it.skipIf(hasCuda)('says in one sentence what CUDA needs', async () => {
    const { code, stderr } = await inProcess(train('cuda', '--device', 'cuda'), folder)
    expect(code).toBe(2)
    expect(stderr.trim().split('\n').at(-1)).toMatch(
      /^--device: unsupported: cuda on this machine, expected cpu\. ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild/,
    )
  })

  it.skipIf(!hasVulkan)(
    'has the losses of the CPU, by WebGPU on SwiftShader; skipped without it',
    async () => {
      await succeedHere(train('cpu'), folder)
      const through = ['env', `VK_DRIVER_FILES=${swiftShader}`, `VK_ICD_FILENAMES=${swiftShader}`, ...command]
      const { code, stderr } = await start(train('gpu', '--device', 'webgpu'), { cwd: folder, through }).ended
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) as string })
      const [cpu, gpu] = [epochOf('cpu'), epochOf('gpu')]
      expect(Math.abs(gpu.loss - cpu.loss)).toBeLessThan(1e-4)
      expect(gpu.validation).toBeCloseTo(cpu.validation, 4)
    },
    180_000,
  )
})

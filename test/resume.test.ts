import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { command, type Ended, siftrec, start, workplace } from './fixtures/siftrec.ts'
import { prepareTinyShop, writeTinyShop } from './fixtures/tiny-shop.ts'

const folder = workplace()
const run = (...args: readonly string[]): Promise<Ended> => siftrec(args, folder)
const settings = ['--hidden-size', '16', '--epochs', '8', '--patience', '8', '--batch-size', '8', '--threads', '1', '--seed', '7']
const train = (out: string, ...more: readonly string[]): string[] => ['train', 'sasrec', 'data', '--out', out, ...settings, ...more]
const bytes = (...path: readonly string[]): Buffer => readFileSync(join(folder, ...path))

beforeAll(async () => {
  writeTinyShop(folder)
  expect((await run(...prepareTinyShop)).stderr).toContain('60 users')
  const { code, stdout } = await run(...train('whole'))
  expect(stdout).toContain('sasrec trained')
  expect(code).toBe(0)
})

describe('a run', () => {
  it('writes the same bytes with the same seed, and others with another', async () => {
    await run(...train('again'))
    await run(...train('other', '--seed', '8'))
    expect(bytes('again', 'model.safetensors').equals(bytes('whole', 'model.safetensors'))).toBe(true)
    expect(bytes('other', 'model.safetensors').equals(bytes('whole', 'model.safetensors'))).toBe(false)
  })

  it('killed in the middle goes on to the same bytes, and leaves no stray file', async () => {
    const { child, ended, said } = start(train('killed'), { cwd: folder })
    await said('epoch 3')
    child.kill('SIGKILL')
    expect((await ended).code).toBeNull()
    const { stderr, code } = await run('train', '--resume', 'killed')
    expect(code).toBe(0)
    expect(stderr).toMatch(/going on after epoch [3-7]/)
    expect(readdirSync(join(folder, 'killed'))).toEqual(readdirSync(join(folder, 'whole')))
    for (const file of ['model.safetensors', 'checkpoint.safetensors', 'epochs.json']) {
      expect(bytes('killed', file).equals(bytes('whole', file)), file).toBe(true)
    }
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('stopped by %s saves, tells how to go on, and goes on to the same bytes', async (signal) => {
    const { child, ended, said } = start(train(signal), { cwd: folder })
    await said('epoch 2')
    child.kill(signal)
    const { code, stderr } = await ended
    expect(code).toBe(130)
    const told = /go on with: siftrec (train --resume \S+)/.exec(stderr)?.[1] ?? ''
    const again = await run(...told.split(' '))
    expect(again.code, again.stderr).toBe(0)
    expect(bytes(signal, 'model.safetensors').equals(bytes('whole', 'model.safetensors'))).toBe(true)
  })

  it('goes on with the very command that started it, and refuses other settings', async () => {
    const { child, ended, said } = start(train('same'), { cwd: folder })
    await said('epoch 1')
    child.kill('SIGINT')
    await ended
    const other = await run(...train('same', '--resume', '--learning-rate', '0.1'))
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('same learningRate: mismatched: 0.1, expected 0.001') as string })
    expect((await run(...train('same', '--resume'))).code).toBe(0)
    expect(bytes('same', 'model.safetensors').equals(bytes('whole', 'model.safetensors'))).toBe(true)
  })

  it('keeps its last checkpoint when a save fails for want of room, and goes on from it', async () => {
    const { child, ended, said } = start(train('full'), { cwd: folder })
    await said('epoch 2')
    child.kill('SIGINT')
    await ended
    const before = bytes('full', 'checkpoint.safetensors')
    // A limit on the size of files fails the write halfway, as a full disk does.
    const limited = ['bash', '-c', 'ulimit -f 64; exec "$@"', 'bash', ...command]
    const failed = await start(['train', '--resume', 'full'], { cwd: folder, through: limited }).ended
    expect(failed.stderr).toMatch(/(model|checkpoint)\.safetensors: invalid: it passes the limit on file sizes/)
    expect(failed.code).toBe(2)
    expect(bytes('full', 'checkpoint.safetensors').equals(before)).toBe(true)
    expect((await run('train', '--resume', 'full')).code).toBe(0)
    expect(bytes('full', 'model.safetensors').equals(bytes('whole', 'model.safetensors'))).toBe(true)
  })
})

describe('opening a run', () => {
  const refuses = async (args: readonly string[], told: string): Promise<void> => {
    const { code, stderr } = await run(...args)
    expect(stderr).toContain(told)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(code).toBe(2)
  }

  it('refuses the model of another run, a damaged one, and what is no model', async () => {
    for (const name of ['foreign', 'cut', 'noise']) cpSync(join(folder, 'whole'), join(folder, name), { recursive: true })
    await run(...train('wide', '--hidden-size', '32', '--epochs', '1'))
    cpSync(join(folder, 'wide', 'model.safetensors'), join(folder, 'foreign', 'model.safetensors'))
    await refuses(['evaluate', 'foreign'], 'model.safetensors: mismatched: the model of another run')
    writeFileSync(join(folder, 'cut', 'model.safetensors'), bytes('whole', 'model.safetensors').subarray(0, 5000))
    await refuses(['evaluate', 'cut'], 'model.safetensors: corrupted')
    writeFileSync(join(folder, 'noise', 'model.safetensors'), 'not a model at all, but long enough')
    await refuses(['recommend', 'noise', '--user', 'u1'], 'model.safetensors: corrupted')
    cpSync(join(folder, 'wide', 'checkpoint.safetensors'), join(folder, 'foreign', 'checkpoint.safetensors'))
    await refuses(['train', '--resume', 'foreign'], 'checkpoint.safetensors: mismatched: it was made with other settings')
  })

  it('refuses a run.json that was edited', async () => {
    cpSync(join(folder, 'whole'), join(folder, 'edited'), { recursive: true })
    const path = join(folder, 'edited', 'run.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"hiddenSize": 16', '"hiddenSize": 32'))
    await refuses(['evaluate', 'edited'], 'mismatched: the model of another run, or run.json was edited')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"hiddenSize": 32', '"hiddenSize": 0'))
    await refuses(['evaluate', 'edited'], 'sasrec.hiddenSize: invalid: 0, expected a whole number from 1')
    writeFileSync(path, '{')
    await refuses(['evaluate', 'edited'], 'run.json: corrupted')
  })

  it('refuses a dataset that changed since', async () => {
    cpSync(join(folder, 'data'), join(folder, 'kept'), { recursive: true })
    writeTinyShop(folder, { seed: 2 })
    expect((await run(...prepareTinyShop, '--overwrite')).code).toBe(0)
    await refuses(['evaluate', 'whole'], 'data: mismatched: a dataset with hash')
    await refuses(['train', '--resume', 'whole'], 'data: mismatched: a dataset with hash')
    const moved = await run('evaluate', 'whole', '--data', 'kept')
    expect(moved.stdout).toContain('99 sampled negatives')
  })

  it('refuses to train where a run is, unless it may overwrite', async () => {
    await refuses(train('whole'), 'whole: duplicate: it holds a run of sasrec')
  })
})

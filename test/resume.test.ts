import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { command, type Ended, inProcess, start, succeed, succeedHere, workplace } from './fixtures/siftrec.ts'
import { prepareTinyShop, writeTinyShop } from './fixtures/tiny-shop.ts'

const folder = workplace()
const settings = [
  '--hidden-size',
  '16',
  '--epochs',
  '12',
  '--patience',
  '12',
  '--batch-size',
  '8',
  '--threads',
  '1',
  '--seed',
  '7',
]
const train = (out: string, ...more: readonly string[]): string[] => [
  'train',
  'sasrec',
  'data',
  '--out',
  out,
  ...settings,
  ...more,
]
const bytes = (...path: readonly string[]): Buffer => readFileSync(join(folder, ...path))

/** Starts a training and stops it. */
async function stop(out: string, at: string, signal: NodeJS.Signals): Promise<Ended> {
  const { child, ended, said } = start(train(out), { cwd: folder })
  await said(at)
  child.kill(signal)
  return ended
}

let interrupted: Ended | undefined
beforeAll(async () => {
  writeTinyShop(folder)
  await succeedHere(prepareTinyShop, folder)
  await succeed(train('whole'), folder)
  interrupted = await stop('SIGINT', 'epoch 2', 'SIGINT')
  // Several tests go on with a run that was stopped.
  for (const out of ['same', 'short', 'full']) cpSync(join(folder, 'SIGINT'), join(folder, out), { recursive: true })
})

describe('a run', () => {
  it('writes the same bytes with the same seed, and others with another', async () => {
    // In this process and in the one before it is the same.
    await succeedHere(train('again'), folder)
    await succeedHere(train('other', '--seed', '8'), folder)
    expect(bytes('again', 'model.safetensors').equals(bytes('whole', 'model.safetensors'))).toBe(true)
    expect(bytes('other', 'model.safetensors').equals(bytes('whole', 'model.safetensors'))).toBe(false)
  })

  it('killed in the middle goes on to the same bytes, and leaves no stray file', async () => {
    expect((await stop('killed', 'epoch 3', 'SIGKILL')).code).toBeNull()
    const { stderr } = await succeed(['train', '--resume', 'killed'], folder)
    expect(stderr).toMatch(/going on after epoch [1-9]/)
    expect(readdirSync(join(folder, 'killed'))).toEqual(readdirSync(join(folder, 'whole')))
    const different = ['model.safetensors', 'checkpoint.safetensors', 'epochs.json'].filter(
      (file) => !bytes('killed', file).equals(bytes('whole', file)),
    )
    expect(different).toEqual([])
  })

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'stopped by %s saves, tells how to go on, and goes on to the same bytes',
    async (signal) => {
      const ended = signal === 'SIGINT' ? interrupted : await stop(signal, 'epoch 2', signal)
      expect(ended?.code).toBe(130)
      const told = /go on with: siftrec (train --resume \S+)/.exec(ended?.stderr ?? '')?.[1] ?? ''
      await succeedHere(told.split(' '), folder)
      expect(bytes(signal, 'model.safetensors').equals(bytes('whole', 'model.safetensors'))).toBe(true)
    },
  )

  it('goes on with the very command that started it, and refuses other settings', async () => {
    const other = await inProcess(train('same', '--resume', '--learning-rate', '0.1'), folder)
    expect(other).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('same learningRate: mismatched: 0.1, expected 0.001') as string,
    })
    await succeedHere(train('same', '--resume'), folder)
    expect(bytes('same', 'model.safetensors').equals(bytes('whole', 'model.safetensors'))).toBe(true)
  })

  it('goes on with more epochs to the bytes of a run begun with them, ended or stopped', async () => {
    await succeedHere(train('longer', '--epochs', '16'), folder)
    const longer = ['model.safetensors', 'checkpoint.safetensors', 'epochs.json']
    const different = (out: string) => longer.filter((file) => !bytes(out, file).equals(bytes('longer', file)))
    cpSync(join(folder, 'whole'), join(folder, 'ended'), { recursive: true })
    const { stderr } = await succeedHere(['train', '--resume', 'ended', '--epochs', '16'], folder)
    expect(stderr).toContain('going on after epoch 12')
    expect(different('ended')).toEqual([])
    expect(JSON.parse(bytes('ended', 'run.json').toString())).toMatchObject({ training: { epochs: 16 } })
    await succeedHere(train('short', '--resume', '--epochs', '16'), folder)
    expect(different('short')).toEqual([])
    // Without the flag the run keeps what it was given last.
    await succeedHere(['train', '--resume', 'short'], folder)
    expect(JSON.parse(bytes('short', 'run.json').toString())).toMatchObject({ training: { epochs: 16 } })
  })

  it('refuses fewer epochs than it trained, other options, and epochs of what is counted', async () => {
    const refused = async (...args: readonly string[]): Promise<string> => {
      const { code, stderr } = await inProcess(['train', '--resume', ...args], folder)
      expect(code).toBe(2)
      return stderr
    }
    expect(await refused('whole', '--epochs', '8')).toContain(
      'whole --epochs: invalid: 8, expected at least the 12 epochs that are trained',
    )
    expect(await refused('whole', '--epochs', 'many')).toContain('training.epochs: invalid')
    expect(await refused('whole', '--hidden-size', '8')).toContain(
      'train --resume: unsupported: --hidden-size, expected --data or --epochs alone',
    )
    await succeedHere(['train', 'popularity', 'data', '--out', 'counted'], folder)
    expect(await refused('counted', '--epochs', '8')).toContain('popularity is fitted by counting, not in epochs')
  })

  it('keeps its last checkpoint when a save fails for want of room, and goes on from it', async () => {
    const before = bytes('full', 'checkpoint.safetensors')
    // A limit on the size of files fails the write halfway, as a full disk does.
    const limited = ['bash', '-c', 'ulimit -f 64; exec "$@"', 'bash', ...command]
    const failed = await start(['train', '--resume', 'full'], { cwd: folder, through: limited }).ended
    expect(failed.stderr).toMatch(/(model|checkpoint)\.safetensors: invalid: it exceeds the limit on file sizes/)
    expect(failed.code).toBe(2)
    expect(bytes('full', 'checkpoint.safetensors').equals(before)).toBe(true)
    await succeedHere(['train', '--resume', 'full'], folder)
    expect(bytes('full', 'model.safetensors').equals(bytes('whole', 'model.safetensors'))).toBe(true)
  })
})

describe('opening a run', () => {
  const outcome = async (...args: readonly string[]): Promise<unknown> => {
    const { code, stderr } = await inProcess(args, folder)
    return { code, error: stderr.trim().split('\n') }
  }
  const refusal = (told: string): unknown => ({ code: 2, error: [expect.stringContaining(told)] })

  it('refuses the model of another run, a damaged one, and what is no model', async () => {
    for (const name of ['foreign', 'cut', 'noise'])
      cpSync(join(folder, 'whole'), join(folder, name), { recursive: true })
    await succeedHere(train('wide', '--hidden-size', '32', '--epochs', '1'), folder)
    cpSync(join(folder, 'wide', 'model.safetensors'), join(folder, 'foreign', 'model.safetensors'))
    expect(await outcome('evaluate', 'foreign')).toEqual(
      refusal('model.safetensors: mismatched: the model of another run'),
    )
    writeFileSync(join(folder, 'cut', 'model.safetensors'), bytes('whole', 'model.safetensors').subarray(0, 5000))
    expect(await outcome('evaluate', 'cut')).toEqual(refusal('model.safetensors: corrupted'))
    writeFileSync(join(folder, 'noise', 'model.safetensors'), 'not a model at all, but long enough')
    expect(await outcome('recommend', 'noise', '--user', 'u1')).toEqual(refusal('model.safetensors: corrupted'))
    cpSync(join(folder, 'wide', 'checkpoint.safetensors'), join(folder, 'foreign', 'checkpoint.safetensors'))
    expect(await outcome('train', '--resume', 'foreign')).toEqual(
      refusal('checkpoint.safetensors: mismatched: it was made with other settings'),
    )
  })

  it('refuses a run.json that was edited', async () => {
    cpSync(join(folder, 'whole'), join(folder, 'edited'), { recursive: true })
    const path = join(folder, 'edited', 'run.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"hiddenSize": 16', '"hiddenSize": 32'))
    expect(await outcome('evaluate', 'edited')).toEqual(
      refusal('mismatched: the model of another run, or run.json was edited'),
    )
    writeFileSync(path, readFileSync(path, 'utf8').replace('"hiddenSize": 32', '"hiddenSize": 0'))
    expect(await outcome('evaluate', 'edited')).toEqual(
      refusal('sasrec.hiddenSize: invalid: 0, expected a whole number from 1'),
    )
    writeFileSync(path, '{')
    expect(await outcome('evaluate', 'edited')).toEqual(refusal('run.json: corrupted'))
  })

  it('refuses a dataset that changed since', async () => {
    cpSync(join(folder, 'data'), join(folder, 'kept'), { recursive: true })
    writeTinyShop(folder, { seed: 2 })
    await succeedHere([...prepareTinyShop, '--overwrite'], folder)
    expect(await outcome('evaluate', 'whole')).toEqual(refusal('data: mismatched: a dataset with hash'))
    expect(await outcome('train', '--resume', 'whole')).toEqual(refusal('data: mismatched: a dataset with hash'))
    const moved = await inProcess(['evaluate', 'whole', '--data', 'kept'], folder)
    expect(moved.stdout).toContain('99 sampled negatives')
  })

  it('refuses to train where a run is, unless it may overwrite', async () => {
    expect(await outcome(...train('whole'))).toEqual(
      refusal('whole: duplicate: the folder already holds a run of sasrec'),
    )
  })
})

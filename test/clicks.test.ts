import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Experiment } from '../src/experiment/experiment.ts'
import { gridProgress } from '../src/experiment/harness/grid-progress.ts'
import { runExperiment } from '../src/experiment/harness/run-experiment.ts'
import type { Faithfulness } from '../src/knockout/faithfulness.ts'
import type { KnockOut } from '../src/knockout/knock-out.ts'
import { prepareDataset } from '../src/prepare/prepare.ts'
import { readSafetensors, type StoredTensor } from '../src/storage/safetensors.ts'
import { type Ended, inProcess, siftrec, start, succeed, succeedHere, workplace } from './fixtures/siftrec.ts'
import { prepareTinyFeed, writeTinyFeed } from './fixtures/tiny-feed.ts'

const folder = workplace()
const run = (...args: readonly string[]): Promise<Ended> => siftrec(args, folder)
const training = [
  '--epochs',
  '12',
  '--patience',
  '12',
  '--batch-size',
  '64',
  '--learning-rate',
  '0.01',
  '--threads',
  '1',
  '--seed',
  '7',
  '--unknown-share',
  '0.2',
]
const sizes = ['--embedding-size', '4', '--hidden-size', '8', '--attention-size', '8', '--max-length', '8']
const train = (out: string, ...more: readonly string[]): string[] => [
  'train',
  'din',
  'data',
  '--out',
  out,
  ...sizes,
  ...training,
  ...more,
]
const bytes = (...path: readonly string[]): Buffer => readFileSync(join(folder, ...path))

let trained: Ended | undefined
beforeAll(async () => {
  writeTinyFeed(folder)
  await succeedHere(prepareTinyFeed, folder)
  trained = await succeed(train('whole'), folder)
})

describe('a run of a model of clicks', () => {
  it('tells of samples and of log loss while it trains', () => {
    expect(trained?.stderr).toContain('training: 1,680 samples, ')
    expect(trained?.stderr).toMatch(/validation log loss 0\.\d{4}/)
    expect(trained?.stdout).toMatch(/^din trained in \d+ s, best validation log loss 0\.\d{4} in epoch \d+ of 12$/m)
    expect(trained?.stdout).toMatch(/next: siftrec evaluate whole\n$/)
  })

  it('says in its last line that probabilities are no better than a constant', async () => {
    // Labels are as they fall: one epoch of steps that are too long is worse than their share.
    const { stdout } = await succeedHere(train('wild', '--epochs', '1', '--learning-rate', '1'), folder)
    expect(stdout).toMatch(
      /\nits probabilities are no better than a constant: the base rate has a validation log loss of 0\.\d{4}\n$/,
    )
  })

  it('killed in the middle goes on to the same bytes', async () => {
    const { child, ended, said } = start(train('killed'), { cwd: folder })
    await said('epoch 2')
    child.kill('SIGKILL')
    await ended
    await succeed(['train', '--resume', 'killed'], folder)
    const different = ['model.safetensors', 'epochs.json'].filter(
      (file) => !bytes('killed', file).equals(bytes('whole', file)),
    )
    expect(different).toEqual([])
  })

  it('does not go on by log loss where it began by AUC', async () => {
    cpSync(join(folder, 'killed'), join(folder, 'early'), { recursive: true })
    const path = join(folder, 'early', 'run.json')
    const run = JSON.parse(readFileSync(path, 'utf8')) as { keptBy: string }
    expect(run.keptBy).toBe('validation log loss')
    writeFileSync(path, JSON.stringify({ ...run, keptBy: 'validation' }))
    const { code, stderr } = await inProcess(['train', '--resume', 'early', '--epochs', '13'], folder)
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('early: unsupported: a training whose best epoch was chosen by AUC'),
    ])
  })

  it('has shorter embeddings where they are penalized', async () => {
    const lengthWith = async (penalty: string): Promise<number> => {
      const out = `penalty-${penalty}`
      const args = train(out, '--epochs', '2', '--embedding-regularization', penalty)
      await succeedHere(args, folder)
      const { tensors } = readSafetensors(join(folder, out, 'model.safetensors'))
      return Math.hypot(...(tensors['field.item.id']?.data as Float32Array))
    }
    expect(await lengthWith('1')).toBeLessThan((await lengthWith('0')) / 2)
  })

  it('trains the row of unknown users where ids are hidden, and nobody else does', async () => {
    const rowOf = async (share: string, epochs: string): Promise<number[]> => {
      const out = `hidden-${share}-${epochs}`
      await succeedHere(train(out, '--epochs', epochs, '--unknown-share', share), folder)
      const { shape, data } = readSafetensors(join(folder, out, 'model.safetensors')).tensors[
        'field.user.id'
      ] as StoredTensor
      const width = shape[1] as number
      return Array.from(data.subarray(width, 2 * width) as Float32Array)
    }
    const [none, one, hidden] = [await rowOf('0', '1'), await rowOf('0', '2'), await rowOf('0.2', '1')]
    expect(none).toEqual(one)
    expect(hidden).not.toEqual(none)
  })

  it('is calibrated by its validation, which evaluate tells and explain reads; without the file it is not', async () => {
    const stored = JSON.parse(bytes('wild', 'calibration.json').toString()) as Record<'slope' | 'shift', number>
    expect(stored).toMatchObject({ format: 'siftrec-calibration', method: 'platt', impressions: 240 })
    const written = bytes('wild', 'calibration.json')
    await succeedHere(['train', '--resume', 'wild'], folder)
    expect(bytes('wild', 'calibration.json')).toEqual(written)
    // A model that gains nothing by it has none.
    expect(existsSync(join(folder, 'whole', 'calibration.json'))).toBe(false)
    type Told = readonly {
      name?: string
      model: string
      figures: Record<'auc' | 'logLoss', { mean: number }>
    }[]
    const told = async (folderOf: string): Promise<Told> =>
      JSON.parse((await succeedHere(['evaluate', folderOf, '--part', 'validation', '--json'], folder)).stdout) as Told
    const [own, calibrated] = await told('wild')
    expect(calibrated?.name).toBe(`${own?.name}, calibrated`)
    expect(calibrated?.figures.auc.mean).toBeCloseTo(own?.figures.auc.mean ?? 0, 9)
    // It is worse than a constant by itself.
    expect(calibrated?.figures.logLoss.mean).toBeLessThan((own?.figures.logLoss.mean ?? 0) - 0.1)
    const probability = async (folderOf: string): Promise<number> => {
      const { stdout } = await succeedHere(['explain', folderOf, '--user', 'u1', '--items', 'i1', '--json'], folder)
      return (JSON.parse(stdout) as [{ probability: number }])[0].probability
    }
    cpSync(join(folder, 'wild'), join(folder, 'bare'), { recursive: true })
    rmSync(join(folder, 'bare', 'calibration.json'))
    // A probability of 0 counts as one of a ten-millionth, and one of 1 as that much below it.
    const logit = (p: number): number => {
      const inside = Math.min(1 - 1e-7, Math.max(1e-7, p))
      return Math.log(inside / (1 - inside))
    }
    expect(logit(await probability('wild'))).toBeCloseTo(
      stored.slope * logit(await probability('bare')) + stored.shift,
      4,
    )
    expect((await told('bare')).map(({ model }) => model)).toEqual(['din', 'base rate'])
    writeFileSync(join(folder, 'bare', 'calibration.json'), JSON.stringify({ ...stored, shift: 3 }))
    const { code, stderr } = await inProcess(['explain', 'bare', '--user', 'u1', '--items', 'i1'], folder)
    expect([code, stderr]).toEqual([2, expect.stringContaining('calibration.json: corrupted: it was changed')])
  })

  it('learns the planted kinds: a click of one’s own kind is nine times as likely', async () => {
    const { stdout } = await succeedHere(['evaluate', 'whole', '--json', '--reliability', 'reliability.svg'], folder)
    const [report] = JSON.parse(stdout) as [
      { impressions: number; figures: Record<'auc' | 'calibration', { mean: number }> },
    ]
    expect(report.impressions).toBe(480)
    // Three clicks of four are of the own kind, and one of 28 that were not clicked: who knew the kinds would have
    // 0.86.
    expect(report.figures.auc.mean).toBeGreaterThan(0.75)
    expect(Math.abs(Math.log(report.figures.calibration.mean))).toBeLessThan(0.3)
    expect(bytes('reliability.svg').toString()).toContain('<svg')
  })

  it('is evaluated beside another, with what their AUCs differ by', async () => {
    await succeedHere(train('other', '--seed', '8'), folder)
    const { stdout } = await run('evaluate', 'whole', 'other')
    expect(stdout).toMatch(/^din seed \d+ +0\.\d{4} \[0\.\d{3}, 0\.\d{3}\]/m)
    expect(stdout).toMatch(
      /din seed \d+ less din seed 8, AUC, same impressions: .*; RelaImpr -?\d+\.\d\d % \(Yan et al\.\), AUC ratio/,
    )
  })

  it('is compared beside the base rate, which a model can be worse than', async () => {
    const { stdout } = await succeedHere(['compare', 'whole', 'wild'], folder)
    const [, , ...lines] = stdout.trim().split('\n')
    expect(lines.map((line) => line.split(/ +/)[0])).toEqual(['whole', 'wild', 'base'])
    expect(lines.map((line) => line.endsWith('worse than the base rate'))).toEqual([false, true, false])
    expect(stdout).toContain('AUC less whole')
  })

  it('explains itself for a user and items', async () => {
    const { stdout } = await run('explain', 'whole', '--user', 'u1', '--items', 'i1,i2', '--top', '2', '--json')
    const told = JSON.parse(stdout) as {
      id: string
      title: string
      probability: number
      attention: { id: string; effect: number }[]
    }[]
    expect(told.map(({ id, title }) => [id, title])).toEqual([
      ['i1', 'blue thing 1'],
      ['i2', 'green thing 2'],
    ])
    // u1 likes blue.
    expect(told[0]?.probability).toBeGreaterThan(told[1]?.probability ?? 1)
    expect(told.map(({ attention }) => attention.length)).toEqual([2, 2])
    const [first, second] = told[0]?.attention ?? []
    expect(first?.effect).toBeGreaterThanOrEqual(second?.effect ?? Number.NaN)
    const args = ['explain', 'whole', '--user', 'u1', '--items', 'i1']
    expect((await succeedHere(args, folder)).stdout).toMatch(
      /^blue thing 1 \(i1\): \d+\.\d %\n {5}events, and what each adds: /,
    )
  })
})

describe('a knock-out of a run of clicks', () => {
  it('says what AUC is lost without what the model reads, and writes a page', async () => {
    const args = ['knockout', 'whole', '--ways', 'permutation,nothing', '--out', 'knockout.html', '--json']
    const { stdout } = await succeedHere(args, folder)
    const told = JSON.parse(stdout) as KnockOut
    expect([told.metric, told.part, told.unread, told.signals.map(({ name }) => name)]).toEqual([
      'auc',
      'validation',
      ['text'],
      ['category'],
    ])
    for (const { loss, share } of told.signals[0]?.inference ?? [])
      expect(share).toBeCloseTo((loss?.mean ?? Number.NaN) / told.untouched.mean, 10)
    const page = readFileSync(join(folder, 'knockout.html'), 'utf8')
    expect(page).toContain('din does not read text when it predicts.')
    expect(page).toContain('<svg')
    const text = (await succeedHere(['knockout', 'whole', '--ways', 'nothing'], folder)).stdout
    expect(text).toMatch(/^data, validation part: \d+ targets of \d+ users; din has AUC 0\.\d{4}/)
  })

  it('finds that the events which explanations name count more than others', async () => {
    const { stdout } = await succeedHere(['knockout', 'whole', '--explanations', '30', '--json'], folder)
    const { kinds, recommendations } = JSON.parse(stdout) as Faithfulness
    expect([recommendations, kinds.map(({ kind }) => kind)]).toEqual([30, ['event']])
    expect(kinds[0]?.share.mean).toBeGreaterThanOrEqual(0.9)
  })

  it.each([
    [['--seeds', '1'], '--seeds: unsupported: 1, expected none without --retrain. add --retrain'],
    [['--only', 'pictures'], '--only: unknown: "pictures"'],
    [['--ways', 'shuffled'], '--ways: unknown: "shuffled"'],
    [['--out', 'page.md'], '--out: unsupported: "page.md", expected a file that ends in .html'],
    [['--explanations', '--retrain'], '--retrain: unsupported: true, expected none with --explanations'],
  ])('refuses %j in one sentence', async (flags, sentence) => {
    const { code, stderr } = await inProcess(['knockout', 'whole', ...flags], folder)
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(sentence) as string })
  })
})

describe('what a model of clicks cannot do', () => {
  const refused = async (...args: readonly string[]): Promise<string> => {
    const { code, stderr } = await inProcess(args, folder)
    expect({ code, lines: stderr.trim().split('\n').length }).toEqual({ code: 2, lines: 1 })
    return stderr
  }

  it('is refused in one sentence', async () => {
    expect(await refused('recommend', 'whole', '--user', 'u1')).toContain(
      'whole: unsupported: din predicts clicks, expected a model that ranks',
    )
    expect(await refused('evaluate', 'whole', '--slices', 'coldStart')).toContain('--slices: unsupported: coldStart')
    expect(await refused('explain', 'whole', '--user', 'nobody', '--items', 'i1')).toContain('user: unknown: "nobody"')
    expect(await refused('explain', 'whole', '--user', 'u1', '--items', 'i999')).toContain(
      'item: unknown: "i999", expected an item of the dataset. did you mean',
    )
  })

  it('is refused before it is trained', async () => {
    expect(await refused(...train('bad', '--label', 'like'))).toContain('split.label: unknown: "like"')
    expect(await refused('train', 'twin', 'data', '--embedding-size', '16', '--heads', '3')).toContain(
      'twin.heads: invalid: 3',
    )
    expect(await refused(...train('bad', '--embedding-regularization', '2'))).toContain(
      'training.embeddingRegularization: invalid: 2, expected a number from 0 to 1',
    )
    expect(await refused('train', 'diff-msin', 'data', '--w1', '-1')).toContain(
      'diff-msin.w1: invalid: -1, expected a number from 0 to 10',
    )
  })

  it('and a model of the next item explains no clicks', async () => {
    await succeedHere(['train', 'popularity', 'data', '--out', 'popular'], folder)
    expect(await refused('explain', 'popular', '--user', 'u1', '--items', 'i1')).toContain(
      'popularity ranks the next item',
    )
    expect(await refused('evaluate', 'popular', 'whole')).toContain(
      'the other predicts clicks, expected runs that predict the same',
    )
  })
})

describe('an experiment on clicks', () => {
  const recipe = () => ({
    name: 'feed',
    settings: {},
    inputs: [],
    make: (out: string) =>
      prepareDataset({
        events: join(folder, 'shown.csv'),
        items: join(folder, 'items.csv'),
        mapping: join(folder, 'feed.yaml'),
        out,
      }),
  })
  const config = { embeddingSize: 4, hiddenSize: 8, attentionSize: 8, maxLength: 8 }
  const options = { config, training: { epochs: 2, threads: 1, batchSize: 64, learningRate: 0.01 } }
  const experiment: Experiment = {
    name: 'feed',
    title: 'A feed',
    about: 'Two models of clicks.',
    seeds: [1, 2],
    comparisons: () => [
      {
        title: 'Models',
        dataset: { label: 'tiny feed', recipe },
        metrics: ['auc', 'gauc', 'log loss', 'calibration'],
        reference: 'DIN',
        variants: [
          { name: 'DIN', model: 'din', ...options },
          { name: 'TWIN', model: 'twin', ...options, config: { embeddingSize: 4, hiddenSize: 8, maxLength: 8 } },
        ],
      },
    ],
  }

  const made = async (of: Experiment) => {
    const progress = gridProgress(process.stderr, 1)
    const quiet = { ...progress, say: () => undefined, report: () => undefined, begin: () => undefined }
    const runs = join(folder, 'runs')
    const ended = await runExperiment(of, {
      dataRoot: '.',
      out: join(folder, 'results'),
      runs,
      jobs: 1,
      progress: quiet,
    })
    if (ended.status !== 'finished') throw new Error('interrupted')
    return ended
  }

  it('has AUC with DeLong’s interval, both relative improvements, and the log loss that choices are made by', async () => {
    const ended = await made(experiment)
    const heads =
      'variant | validation log loss | test AUC | test GAUC | test log loss | test calibration | AUC minus DIN | RelaImpr (Yan et al.) | AUC ratio'
    expect(ended.page).toContain(`| ${heads} |`)
    expect(ended.page).toContain('480 test impressions of')
    expect(ended.page).toMatch(/^\| base rate \| 0\.\d{4} \[.*\] \| 0\.5000 /m)
    const [result] = ended.results
    expect(result?.constant?.validation?.mean).toBeGreaterThan(0)
    const [din, twin] = result?.variants ?? []
    expect(din?.figures.impressions?.['auc']?.mean).toBeGreaterThan(0.5)
    const [ours = 0, base = 0] = [twin, din].map((variant) => variant?.figures.impressions?.['auc']?.mean)
    expect(twin?.improvement?.aucRatio).toBeCloseTo(ours / base - 1, 9)
    expect(twin?.difference?.figures['auc']?.mean).toBeCloseTo(ours - base, 9)
  })

  it('has tables of the users that training met and of the others; a cell that does not tell them apart is refused', async () => {
    const cells = join(folder, 'runs', 'cells')
    const editKnown = (knownOf: (user: number) => number | undefined): void => {
      for (const cell of readdirSync(cells)) {
        const path = join(cells, cell, 'tested.json')
        const { test, ...tested } = JSON.parse(readFileSync(path, 'utf8')) as { test: { user: number[] } }
        const known = test.user.flatMap((user) => knownOf(user) ?? [])
        writeFileSync(
          path,
          JSON.stringify({ ...tested, test: { ...test, known: known.length > 0 ? known : undefined } }),
        )
      }
    }
    const sliced: Experiment = {
      ...experiment,
      comparisons: (wanted) =>
        (['unknownUsers', 'knownUsers'] as const).flatMap((slice) =>
          experiment.comparisons(wanted).map((one) => ({ ...one, title: slice, slice })),
        ),
    }
    // Ten of the forty users.
    editKnown((user) => (user > 10 ? 1 : 0))
    const { results } = await made(sliced)
    expect(results.map(({ targets, users }) => [targets, users])).toEqual([
      [120, 10],
      [360, 30],
    ])
    editKnown(() => undefined)
    await expect(made(sliced)).rejects.toThrow('missing: which users training knew')
  })
})

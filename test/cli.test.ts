import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { openStore } from '../src/store/open-store.ts'
import { command, type Ended, inProcess, siftrec, succeed, succeedHere, workplace } from './fixtures/siftrec.ts'
import { prepareTinyShop, writeTinyShop } from './fixtures/tiny-shop.ts'

const folder = workplace()
const run = (...args: readonly string[]): Promise<Ended> => inProcess(args, folder)
const write = (name: string, lines: readonly string[]): void =>
  writeFileSync(join(folder, name), `${lines.join('\n')}\n`)

/** How a command ended: the lines of its error, and whether it left a folder. */
async function outcome(args: readonly string[]): Promise<unknown> {
  const { code, stderr, stdout } = await run(...args)
  // What prepare found out before comes first.
  const error = stderr
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('times in column'))
  return {
    code,
    stdout,
    error,
    left: ['nothing', '.nothing.siftrec-new'].filter((name) => existsSync(join(folder, name))),
  }
}
/** One sentence, exit code 2, and no folder. */
const refusal = (told: RegExp): unknown => ({ code: 2, stdout: '', error: [expect.stringMatching(told)], left: [] })

beforeAll(async () => {
  writeTinyShop(folder)
  await succeed(prepareTinyShop, folder)
  await succeed(['train', 'item-knn', 'data', '--out', 'knn'], folder)
})

it('ends a process as it ends here', async () => {
  for (const args of [
    ['train', 'm3bs', 'data'],
    ['evaluate', 'knn', '--part', 'tset'],
    ['train', 'popularity'],
  ])
    expect(await siftrec(args, folder)).toEqual(await run(...args))
  expect(await siftrec(['models'], folder)).toEqual(await run('models'))
})

describe('bad input to prepare', () => {
  const items = ['id,title', 'i1,red chair', 'i2,blue lamp']
  const events = ['user,item,behavior,timestamp', 'u1,i1,click,1700000000', 'u1,i2,favorite,1700000001']
  const prepare = (...more: readonly string[]): string[] =>
    'prepare --events bad.csv --items bad-items.csv --config shop.yaml --out nothing'.split(' ').concat(more)
  const cases: [what: string, events: readonly string[], items: readonly string[], told: RegExp][] = [
    ['a missing column', events.map((line) => line.replace(/^[^,]*,/, '')), items, /bad\.csv.*missing.*user/],
    ['a time that cannot be read', [...events, 'u1,i1,click,yesterday'], items, /bad\.csv row 4.*timestamp.*yesterday/],
    [
      'an unknown behavior',
      [...events, 'u1,i1,clik,1700000002'],
      items,
      /bad\.csv row 4.*"clik".*did you mean "click"/,
    ],
    ['an item without a row', [...events, 'u1,i9,click,1700000002'], items, /bad\.csv row 4.*"i9"/],
    ['a duplicate item', events, [...items, 'i1,red chair again'], /bad-items\.csv row 4.*duplicate.*"i1"/],
    ['nothing left after filtering', events, items, /empty.*users with fewer than 5 events/],
  ]
  it.each(cases)('%s', async (_, events, items, told) => {
    write('bad.csv', events)
    write('bad-items.csv', items)
    expect(await outcome(prepare())).toEqual(refusal(told))
  })

  it('a file that is not there, an unknown source, an unknown key', async () => {
    expect(await outcome(['prepare', '--events', 'none.csv', '--out', 'nothing'])).toEqual(
      refusal(/none\.csv.*missing/),
    )
    expect(await outcome(['prepare', '--source', 'movielans', '--input', '.', '--out', 'nothing'])).toEqual(
      refusal(/source: unknown: "movielans".*did you mean "movielens"/),
    )
    write('bad.yaml', ['behaviours: [click]'])
    expect(await outcome(['prepare', '--events', 'events.csv', '--config', 'bad.yaml', '--out', 'nothing'])).toEqual(
      refusal(/bad\.yaml.*"behaviours".*did you mean "behaviors"/),
    )
  })

  it('a folder that is there already', async () => {
    expect(await outcome([...prepareTinyShop])).toEqual(refusal(/data: duplicate/))
  })
})

describe('bad input to train', () => {
  const train = (...more: readonly string[]): string[] => ['train', 'sasrec', 'data', '--out', 'nothing', ...more]

  it('options out of range, unknown, or not numbers', async () => {
    expect(await outcome(train('--hidden-size', '0'))).toEqual(
      refusal(/sasrec\.hiddenSize: invalid: 0, expected a whole number from 1 to 1024\. the default is 64/),
    )
    expect(await outcome(train('--heads', '3'))).toEqual(
      refusal(/sasrec\.heads: invalid: 3, expected .* must divide hiddenSize/),
    )
    expect(await outcome(train('--dropout', 'half'))).toEqual(
      refusal(/sasrec\.dropout: invalid: "half", expected a number from 0 to 0\.95/),
    )
    expect(await outcome(train('--epochs', '0'))).toEqual(refusal(/training\.epochs: invalid: 0/))
    expect(await outcome(train('--hiden-size', '8'))).toEqual(
      refusal(/unknown option '--hiden-size'. Did you mean --hidden-size\?/),
    )
    expect(await outcome(train('--split', 'random'))).toEqual(
      refusal(/split\.protocol: invalid: "random", expected one of leave-one-out, time, given/),
    )
    expect(await outcome(train('--split', 'given'))).toEqual(refusal(/protocol: unsupported: given/))
    expect(await outcome(['train', 'm3bsr', 'data', '--out', 'nothing', '--modality-steps', '0'])).toEqual(
      refusal(/m3bsr\.modalitySteps: invalid: 0, expected a whole number from 1/),
    )
  })

  it('an unknown model, no model, no dataset, a damaged dataset', async () => {
    expect(await outcome(['train', 'm3bs', 'data', '--out', 'nothing'])).toEqual(
      refusal(/model: unknown: "m3bs".*did you mean "m3bsr"/),
    )
    expect(await outcome(['train'])).toEqual(refusal(/train: missing: a model/))
    expect(await outcome(['train', 'sasrec', 'nowhere', '--out', 'nothing'])).toEqual(refusal(/nowhere: missing/))
    expect(await outcome(['train', '--resume', 'nowhere'])).toEqual(refusal(/nowhere: missing: the folder/))
    await run(...prepareTinyShop.slice(0, -1), 'damaged')
    const path = join(folder, 'damaged', 'events.parquet')
    const bytes = readFileSync(path)
    bytes[100] = (bytes[100] as number) ^ 1
    writeFileSync(path, bytes)
    expect(await outcome(['train', 'sasrec', 'damaged', '--out', 'nothing'])).toEqual(
      refusal(/events\.parquet: corrupted/),
    )
  })

  it('takes its folder away when there is nothing to learn from', async () => {
    write('few.csv', [
      'user,item,behavior,timestamp',
      ...Array.from({ length: 6 }, (_, at) => `u1,i${at},click,${1_700_000_000 + at}`),
    ])
    await run('prepare', '--events', 'few.csv', '--items', 'items.csv', '--config', 'shop.yaml', '--out', 'few')
    expect(await outcome(['train', 'sasrec', 'few', '--out', 'nothing', '--auxiliary-targets', '0'])).toEqual(
      refusal(/few: empty: .* hold nothing that sasrec can learn/),
    )
  })
})

describe('a trained model that counting beats', () => {
  it('is said in the last line, after a run and after one that went on', async () => {
    const last =
      /^SASRec is below item-kNN.* here \(validation NDCG@10 0\.\d{4} against 0\.\d{4}.*\): serve item-kNN, or give it more epochs \(siftrec train --resume poor --epochs (\d)\)$/
    const ends = async (...args: readonly string[]): Promise<string | undefined> =>
      last.exec((await succeedHere(['train', ...args], folder)).stdout.trim().split('\n').at(-1) ?? '')?.[1]
    expect(await ends('sasrec', 'data', '--out', 'poor', '--hidden-size', '8', '--epochs', '1')).toBe('2')
    expect(await ends('--resume', 'poor', '--epochs', '2')).toBe('4')
  })
})

describe('bad input to evaluate and recommend', () => {
  it('is refused', async () => {
    expect(await outcome(['evaluate', 'nowhere'])).toEqual(refusal(/nowhere: missing: the folder/))
    expect(await outcome(['evaluate', 'data'])).toEqual(refusal(/data: missing: run\.json/))
    expect(await outcome(['evaluate', 'knn', '--k', '0'])).toEqual(
      refusal(/--k: invalid: "0", expected a whole number from 1/),
    )
    expect(await outcome(['evaluate', 'knn', '--part', 'tset'])).toEqual(refusal(/argument 'tset' is invalid/))
    expect(await outcome(['evaluate', 'knn', '--split', 'time'])).toEqual(
      refusal(/--split: mismatched: time, expected leave-one-out, which knn was trained on/),
    )
    expect(await outcome(['evaluate', 'knn', '--slices', 'behavior:favourite'])).toEqual(
      refusal(/slice: unknown: "behavior:favourite".*did you mean "behavior:favorite"/),
    )
    expect(await outcome(['recommend', 'knn', '--user', 'u1', '--top', 'many'])).toEqual(
      refusal(/--top: invalid: "many"/),
    )
    expect(await outcome(['evaluate', 'knn', '--k', '5', '50'])).toEqual(
      refusal(/evaluate: invalid: 50, expected folders of trained models\. write lengths with commas .*: --k 5,50$/),
    )
    expect(await outcome(['recommend', 'knn', '--user', 'u1', '--user', 'u2'])).toEqual(
      refusal(/--user: duplicate: "u2" after "u1", expected one\. ask for one after the other/),
    )
    expect(await outcome(['similar', 'knn', '--item', 'i1'])).toEqual(
      refusal(/similar: unsupported: item-knn ranks without a table of items, expected a trained model/),
    )
    expect(await outcome(['similar', 'knn', '--item', 'chair'])).toEqual(
      refusal(/data item: unknown: "chair", expected an item of the dataset/),
    )
    const told: (readonly [args: string, told: RegExp])[] = [
      ['', /recommend: missing: whom to recommend to, expected one of --user, --history and --all/],
      ['--user u1 --history i1', /recommend: duplicate: --user and --history, expected one of/],
      ['--all', /recommend: missing: --out, which --all writes to, expected a file that ends in \.parquet/],
      ['--user u1 --out recs.csv', /recommend: unsupported: --out, expected it beside --all/],
      ['--user u1 --behavior click', /recommend: unsupported: --behavior, expected it beside --history/],
      ['--all --out recs.csv --json', /recommend: unsupported: --json, expected it beside --user or --history/],
      ['--all --out recs.xls', /--out: unsupported: "recs\.xls", expected a file that ends in/],
      ['--history i1,,i2', /--history: invalid: "i1,,i2", expected ids of items, separated by commas/],
      ['--history i1,chair', /data item: unknown: "chair", expected an item of the dataset/],
      ['--history i1 --behavior clik', /behavior: unknown: "clik".*did you mean "click"/],
    ]
    for (const [args, sentence] of told)
      expect(await outcome(['recommend', 'knn', ...args.split(' ').filter(Boolean)])).toEqual(refusal(sentence))
  })

  it('runs of one model are headed by what differs, and any two are compared', async () => {
    await run('train', 'popularity', 'data', '--out', 'most')
    await run('train', 'popularity', 'data', '--out', 'most-of-all', '--behaviors', 'all')
    const { stdout } = await run('evaluate', 'most', 'most-of-all', 'knn', '--k', '10')
    expect(stdout).toMatch(/^ +popularity behaviors target +popularity behaviors all +item-knn$/m)
    const less = [...stdout.matchAll(/^(.*) less (.*), NDCG@10/gm)].map(([, first, second]) => [first, second])
    expect(less).toEqual([
      ['popularity behaviors target', 'popularity behaviors all'],
      ['popularity behaviors target', 'item-knn'],
      ['popularity behaviors all', 'item-knn'],
    ])
  })

  it('figures and differences are written as JSON, CSV and Markdown', async () => {
    const text = (name: string): string => readFileSync(join(folder, name), 'utf8')
    for (const kind of ['json', 'csv', 'md'])
      await run('evaluate', 'knn', 'most', '--k', '10', '--out', `report.${kind}`)
    const { reports, differences } = JSON.parse(text('report.json')) as {
      reports: { name: string; slices: { all: { full: Record<string, { mean: number }> } } }[]
      differences: { run: string; less: string; difference: { mean: number } }[]
    }
    expect(reports.map(({ name }) => name)).toEqual(['item-knn', 'popularity'])
    expect(differences).toMatchObject([{ run: 'item-knn', less: 'popularity', metric: 'NDCG@10' }])
    const mean = reports[0]?.slices.all.full['ndcg@10']?.mean
    const lines = text('report.csv').split('\n')
    expect(lines[0]).toBe('run,less,slice,candidates,metric,mean,low,high')
    expect(lines.find((line) => line.startsWith(`item-knn,,all,full,NDCG@10,${mean},`))).toBeDefined()
    expect(lines.find((line) => line.startsWith('item-knn,popularity,all,full,NDCG@10,'))).toBeDefined()
    expect(text('report.md')).toMatch(/^\| item-knn \| all \| full \| NDCG@10 \| 0\.\d{4} \[.*\] \|$/m)
    expect(text('report.md')).toMatch(/^- item-knn less popularity, NDCG@10: /m)
    expect(await outcome(['evaluate', 'knn', '--out', 'report.txt'])).toEqual(
      refusal(/--out: unsupported: "report\.txt", expected a file that ends in \.json, \.csv, \.md/),
    )
  })

  it('figures of slices are told apart, and a slice without targets is named', async () => {
    const { stdout, stderr } = await run('evaluate', 'knn', '--slices', 'emptyHistory,behavior:favorite', '--k', '10')
    expect(stderr).toBe('no target is in the slice emptyHistory\n')
    const title = 'Behavior favorite (the target is a favorite event; 60 targets of 60 users)'
    const lines = stdout.split('\n')
    const figure = (heading: string): string => lines[lines.findIndex((line) => line.startsWith(heading)) + 2] as string
    // Every target is a favorite: the slice has the figures of all.
    expect(figure(`${title}, full catalog`)).toBe(figure('Full catalog'))
    expect(figure(`${title}, 99 sampled negatives`)).toBe(figure('99 sampled negatives'))
    expect(stdout).not.toContain('Cold start')
  })

  it('says so when nothing is left to recommend', async () => {
    const events = ['u1', 'u2', 'u3'].flatMap((user, at) =>
      [0, 1, 2, 3, 4, 5].map((item) => `${user},a${(item + at) % 6},click,${1_700_000_000 + item}`),
    )
    write('whole.csv', ['user,item,behavior,timestamp', ...events])
    await run('prepare', '--events', 'whole.csv', '--out', 'whole')
    await run('train', 'popularity', 'whole', '--out', 'sated')
    const { code, stdout, stderr } = await run('recommend', 'sated', '--user', 'u1')
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toContain('nothing is left to recommend: user "u1" has touched every item')
  })

  it('names three reasons once each and how many more counted, as shares of what counted', async () => {
    const { stdout } = await run('recommend', 'knn', '--user', 'u1', '--top', '1')
    expect(stdout).toMatch(/because of (.+ \(\w+ \d+(\.\d)? %\)(, )?){3} and \d+ more \(\d+(\.\d)? %\)$/m)
    const reasons = [...stdout.matchAll(/\((i\d+)\) \(\w+ ([\d.]+) %\)/g)]
    const shares = [...reasons.map(([, , share]) => share), stdout.match(/ more \(([\d.]+) %\)/)?.[1]].map(Number)
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, 0)
    expect(new Set(reasons.map(([, item]) => item)).size).toBe(3)
  })

  it('recommends to a visitor by his history, as to a user who did the same', async () => {
    const { stdout } = await run('recommend', 'knn', '--history', 'i1,i5', '--top', '3', '--json')
    const { user, items } = JSON.parse(stdout) as { user: null; items: { id: string; because?: { id: string }[] }[] }
    expect([user, items.length]).toEqual([null, 3])
    for (const { because = [] } of items) for (const { id } of because) expect(['i1', 'i5']).toContain(id)
  })

  it('recommends to every user, into a file', async () => {
    const { code, stdout, stderr } = await run('recommend', 'knn', '--all', '--top', '2', '--out', 'recs.csv')
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toContain('recs.csv: 2 items for each of 60 users, in ')
    const [head, ...lines] = readFileSync(join(folder, 'recs.csv'), 'utf8').trimEnd().split('\n')
    expect([head, lines.length]).toEqual(['user,rank,item,score', 120])
    const one = await run('recommend', 'knn', '--user', 'u1', '--top', '2', '--json')
    const { items } = JSON.parse(one.stdout) as { items: { id: string; score: number }[] }
    expect(lines.filter((line) => line.startsWith('u1,'))).toEqual(
      items.map(({ id, score }, at) => `u1,${at + 1},${id},${score}`),
    )
  })

  it('an unknown user gets the popular items, and is told', async () => {
    const { code, stdout, stderr } = await run('recommend', 'knn', '--user', 'nobody', '--top', '3', '--json')
    expect(stderr).toContain('user "nobody" is not in data: these are the popular items of its training data')
    const { known, items } = JSON.parse(stdout) as { known: boolean; items: { score: number }[] }
    expect({ code, known }).toEqual({ code: 0, known: false })
    const scores = items.map(({ score }) => score)
    expect(scores).toEqual([...scores].sort((a, b) => b - a))
    expect(scores[0]).toBeGreaterThan(0)
  })

  it('recommends nothing the user had touched, with reasons from the history', async () => {
    const { stdout } = await run('recommend', 'knn', '--user', 'u1', '--top', '5', '--json')
    const { items } = JSON.parse(stdout) as { items: { id: string; because?: { id: string }[] }[] }
    const touched = readFileSync(join(folder, 'events.csv'), 'utf8')
      .split('\n')
      .flatMap((line) => (line.startsWith('u1,') ? [line.split(',')[1]] : []))
    expect(items).toHaveLength(5)
    for (const { id, because } of items) {
      expect(touched).not.toContain(id)
      for (const reason of because ?? []) expect(touched).toContain(reason.id)
    }
  })
})

describe('a dataset prepared later', () => {
  beforeAll(async () => {
    const rows = Array.from(
      { length: 6 },
      (_, at) => `new,i${at},${at < 3 ? 'click' : 'favorite'},${1_800_000_000 + at}`,
    )
    const events = readFileSync(join(folder, 'events.csv'), 'utf8').trimEnd().split('\n')
    write('later-events.csv', [events[0] as string, 'u3,fresh,favorite,1800000000', ...rows, ...events.slice(1)])
    const items = readFileSync(join(folder, 'items.csv'), 'utf8').trimEnd().split('\n')
    write('later-items.csv', [items[0] as string, 'fresh,red chair 1', ...items.slice(1).toReversed()])
    const files = ['--events', 'later-events.csv', '--items', 'later-items.csv', '--config', 'shop.yaml']
    await succeedHere(['prepare', ...files, '--out', 'later'], folder)
  })
  const more =
    'the dataset has 1 item, 1 user and 7 events more than the run was trained on; nobody has counted new items'

  it('is recommended from and evaluated on, and what is new is said', async () => {
    const recommended = await run('recommend', 'knn', '--user', 'new', '--top', '3', '--data', 'later', '--json')
    expect(recommended.stderr).toContain(more)
    expect(JSON.parse(recommended.stdout)).toMatchObject({ user: 'new', known: true, popular: false })
    const { code, stdout, stderr } = await run('evaluate', 'knn', '--data', 'later')
    expect([code, stdout.split('\n')[0]]).toEqual([
      0,
      expect.stringMatching(/later, leave-one-out split, test: 61 targets/),
    ])
    expect(stderr).toContain(`knn: ${more}\n`)
    expect(stderr).toContain(
      'knn: targets are split anew by leave-one-out; each is later than what the run was trained on of its user\n',
    )
  })
})

describe('what a dataset allows', () => {
  it('is told as text, JSON and a page; prepare ends with the gravest of it', async () => {
    const { stdout } = await succeedHere(['describe', 'data'], folder)
    expect(stdout).toMatch(/^data: \d+ events of 60 users on 240 items\n/)
    expect(stdout).toContain('cannot: another earlier event of the same item')
    const { stdout: json, stderr } = await succeedHere(['describe', 'data', '--json', '--html', 'data.html'], folder)
    const { targets } = JSON.parse(json) as {
      targets: { rankable: number; events: number; repeated: number; touched: number }
    }
    expect(targets.rankable + targets.repeated + targets.touched).toBe(targets.events)
    expect(stderr).toBe('written: data.html\n')
    expect(readFileSync(join(folder, 'data.html'), 'utf8')).toContain('<svg')
    const prepared = await succeedHere([...prepareTinyShop, '--overwrite'], folder)
    const from = prepared.stderr.split('\n').findIndex((line) => line.includes('favorite events can be targets'))
    expect(from).toBeGreaterThan(0)
    expect(prepared.stderr.trim().split('\n').length - from).toBeLessThanOrEqual(8)
  })
})

describe('export-events', () => {
  it('writes what a store holds and says what comes next', async () => {
    const event = { user: 'u1', item: 'i1', behavior: 'click', time: 1_800_000_000_000 }
    await using store = await openStore(join(folder, 'kept.events'))
    await store.append([event])
    await store.forget('u2')
    const { stdout } = await succeedHere(['export-events', 'kept.events', '--out', 'fresh.parquet'], folder)
    expect(stdout.split('\n')).toEqual([
      '1 events in fresh.parquet, 1 forgotten users in fresh.forgotten.txt',
      'next: siftrec prepare --fresh fresh.parquet, with the options of the first time',
      '',
    ])
    const prepared = await succeedHere(
      [...prepareTinyShop.slice(0, -1), 'again', '--fresh', 'fresh.parquet', '--encoder', 'none'],
      folder,
    )
    expect(prepared.stderr).toContain('1 events from fresh.parquet; 1 forgotten users are left out of the log')
  })

  it('makes no store where there is none', async () => {
    const { code, stderr } = await run('export-events', 'no.events', '--out', 'fresh.csv')
    expect({ code, stderr: stderr.trim() }).toEqual({
      code: 2,
      stderr: 'no.events: missing: no such store, expected a folder with events',
    })
    expect(existsSync(join(folder, 'no.events'))).toBe(false)
  })
})

describe('output that nobody reads to its end', () => {
  it('ends a command without a word', () => {
    const line = `${command.map((part) => `'${part}'`).join(' ')} models | head -1`
    const { stderr, stdout } = spawnSync('bash', ['-c', line], { encoding: 'utf8' })
    expect({ stdout, stderr }).toEqual({ stdout: 'm3bsr\n', stderr: '' })
  })
})

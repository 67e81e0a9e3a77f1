import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { inProcess, succeed, succeedHere, workplace } from './fixtures/siftrec.ts'
import { prepareTinyShop, writeTinyShop } from './fixtures/tiny-shop.ts'

const folder = workplace()
const write = (name: string, text: string): void => writeFileSync(join(folder, name), text)
const refused = async (text: string): Promise<string> => {
  write('bad.yaml', text)
  const { code, stderr } = await inProcess(['experiment', 'bad.yaml'], folder)
  expect(code).toBe(2)
  return stderr.trim()
}

beforeAll(async () => {
  writeTinyShop(folder)
  await succeedHere(prepareTinyShop, folder)
})

describe('an experiment of one’s own', () => {
  const models = '[popularity, item-knn, { name: near, model: item-knn, config: { neighbors: 5 } }]'

  it('runs through the harness, and its page is HTML with a plot too', async () => {
    write(
      'mine.yaml',
      `datasets: [data]\nseeds: [1]\nreference: popularity\nmetrics: [ndcg@10, hr@5]\nmodels: ${models}\n`,
    )
    const { stdout } = await succeed(['experiment', 'mine.yaml'], folder)
    expect(stdout).toContain('written: results/mine.json, results/mine.md, results/mine.svg, results/mine.html,')
    expect(stdout).toMatch(
      /\n\| variant \| validation NDCG@10 \| test NDCG@10 \| test HR@5 \| NDCG@10 minus popularity \|\n/,
    )
    expect(stdout).toMatch(/\n\| near \| item-knn \| data \| neighbors 5 \| - \|\n/)
    expect(stdout).toContain('`npx siftrec experiment mine.yaml` makes this page')
    const page = readFileSync(join(folder, 'results', 'mine.html'), 'utf8')
    for (const part of ['<h1>mine</h1>', '<svg', '<td>near</td>']) expect(page).toContain(part)
    // Nothing is trained again.
    expect((await succeedHere(['experiment', 'mine.yaml'], folder)).stderr).not.toContain('[1/')
  })

  it('trains only the variants asked for, whose names may have commas', async () => {
    const near = [2, 3].map(
      (neighbors) => `{ name: 'near, ${neighbors}', model: item-knn, config: { neighbors: ${neighbors} } }`,
    )
    write('names.yaml', `datasets: [data]\nseeds: [1]\nmetrics: [ndcg@10]\nmodels: [popularity, ${near.join(', ')}]\n`)
    const { stdout } = await succeedHere(['experiment', 'names.yaml', '--only', 'near, 3;'], folder)
    expect(stdout).toMatch(/\n\| near, 3 \|/)
    expect(stdout).not.toMatch(/\n\| near, 2 \|/)
  })

  it('is refused where two tables, columns or trainings could not be told apart', async () => {
    expect(await refused('datasets: [one/shop, two/shop]\nmodels: [popularity]\n')).toBe(
      'bad.yaml datasets: duplicate: shop. call folders of one name apart: { name: NAME, folder: FOLDER }',
    )
    const with2 = (line: string) => refused(`datasets: [data]\nmodels: [popularity]\n${line}\n`)
    expect(await with2('seeds: [1, 2, 1]')).toBe('bad.yaml seeds: duplicate: 1')
    expect(await with2('metrics: [hr@5, hr@5]')).toBe('bad.yaml metrics: duplicate: hr@5')
  })

  it('is refused by key, before anything is trained', async () => {
    expect(await refused(`datasets: [data]\nmodel: ${models}\n`)).toMatch(/unknown: "model".*did you mean "models"/)
    expect(await refused('datasets: [data]\nmodels: [sasrek]\n')).toMatch(
      /model: unknown: "sasrek".*did you mean "sasrec"/,
    )
    expect(await refused('datasets: [nowhere]\nmodels: [popularity]\n')).toMatch(/nowhere: missing: no such dataset/)
    expect(await refused(`datasets: [data]\nmodels: ${models}\nmetrics: [auc]\n`)).toMatch(/metrics: unknown: "auc"/)
    expect(await refused('datasets: [data]\nmodels: [popularity, din]\n')).toMatch(
      /popularity and din answer different questions/,
    )
    expect((await inProcess(['experiment', 'none.yaml'], folder)).stderr).toMatch(
      /none\.yaml: missing: the experiment file/,
    )
  })
})

describe('compared runs', () => {
  beforeAll(async () => {
    for (const model of ['popularity', 'item-knn', 'last-item'])
      await succeedHere(['train', model, 'data', '--out', `runs/${model}`], folder)
    await succeedHere(['train', 'popularity', 'data', '--split', 'time', '--out', 'runs/by-time'], folder)
  })
  const all = ['popularity', 'item-knn', 'last-item', 'by-time'].map((name) => `runs/${name}`)

  it('stand in a table for each split, best first, with paired intervals', async () => {
    const { stdout, stderr } = await succeedHere(['compare', ...all, 'data', '--html', 'runs.html'], folder)
    const [first = '', second = ''] = stdout.split('\n\n')
    expect(first).toMatch(
      /^data, leave-one-out split, test: 60 targets\nrun +model +HR@10 +NDCG@10 +MRR@10 +NDCG@10 less runs\/item-knn/,
    )
    expect(first).toMatch(/\nruns\/item-knn +item-knn +(0\.\d{4} \[0\.\d{4}, 0\.\d{4}\] +){3}-\n/)
    expect(first).toMatch(/\nruns\/popularity .* -0\.\d{4} \[-0\.\d{4}, -?0\.\d{4}\] +(worse|not told apart)/)
    expect(second).toMatch(/^data, time split, test: \d+ targets\n.*\nruns\/by-time/)
    expect(stderr).toBe('no runs, passed over: data\nwritten: runs.html\n')
    expect(readFileSync(join(folder, 'runs.html'), 'utf8')).toContain('<svg')
  })

  it('tell which targets they ranked, and datasets of one name apart', async () => {
    await succeedHere([...prepareTinyShop.slice(0, -1), 'again/data'], folder)
    await succeedHere(['train', 'popularity', 'again/data', '--split', 'time', '--out', 'runs/again'], folder)
    const { stdout } = await succeedHere(['compare', all[0] as string, 'runs/again', '--part', 'validation'], folder)
    expect(stdout).toMatch(/^data \(data\), leave-one-out split, validation: \d+ targets\n/)
    expect(stdout).toMatch(/\n\ndata \(again\/data\), time split, validation: \d+ targets\n/)
  })

  it('are compared with any of them, by any metric', async () => {
    const { stdout } = await succeedHere(
      ['compare', ...all.slice(0, 2), '--against', 'runs/popularity', '--metric', 'hr@5', '--json'],
      folder,
    )
    const [group] = JSON.parse(stdout) as {
      metric: string
      against: string
      runs: { run: string; difference?: { mean: number } }[]
    }[]
    expect([group?.metric, group?.against]).toEqual(['hr@5', 'runs/popularity'])
    expect(group?.runs.find(({ run }) => run === 'runs/item-knn')?.difference?.mean).toBeGreaterThan(0)
  })

  it('are refused where there are none, or none of that name', async () => {
    expect((await inProcess(['compare', 'data'], folder)).stderr).toMatch(/^data: missing: a run/)
    expect((await inProcess(['compare', ...all, '--against', 'x'], folder)).stderr).toMatch(/--against: unknown: x/)
    expect((await inProcess(['compare', ...all, '--metric', 'auc'], folder)).stderr).toMatch(/--metric: invalid: "auc"/)
  })
})

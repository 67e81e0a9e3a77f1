import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { compiled, start, succeed, succeedHere, workplace } from './fixtures/siftrec.ts'

const folder = workplace()
/** Whether denoising works. */
const idle = ['denoising pictures and texts (L_m)', 'denoising auxiliary behaviors (L_b)'].map(
  (part) =>
    new RegExp(
      `^${part.replace(/[()]/g, '\\$&')} removes (no )?noise: its loss is \\d\\.\\d{4} in epoch \\d, .* 0\\.\\d{4} `,
      'm',
    ),
)
const run = (line: string) => succeed(line.split(' '), folder)

beforeAll(() => run('simulate --out shop --users 40 --items 160 --sessions 4 --seed 3'))

describe("a newcomer's first hour", () => {
  it('walks from files to recommendations', async () => {
    const prepared = await run(
      'prepare --events shop/events.csv --items shop/items.csv --config shop/shop.yaml --out data/shop',
    )
    expect(prepared.stderr).toMatch(/image: vectors for 160 of 160 items \(local-image/)
    expect(prepared.stdout).toContain('next: siftrec train m3bsr data/shop')

    const options =
      '--hidden-size 16 --modality-steps 2 --behavior-steps 2 --max-length 16 --epochs 2 --batch-size 32 --threads 1'
    const trained = await run(`train m3bsr data/shop --seed 7 --out runs/shop ${options}`)
    expect(trained.stderr).toMatch(/memory at the peak, estimated: [\d,]+ MB/)
    expect(trained.stderr).toMatch(
      /epoch 2 {2}loss [\d.]+ \(main [\d.]+, contrast [\d.]+, modality [\d.]+, behavior [\d.]+\) {2}validation NDCG@10/,
    )
    expect(trained.stdout).toContain('next: siftrec evaluate runs/shop')
    for (const line of idle) expect(trained.stdout).toMatch(line)

    await succeedHere('train popularity data/shop --out runs/popularity'.split(' '), folder)
    const { stdout } = await run('evaluate runs/shop runs/popularity')
    expect(stdout).toMatch(/shop, leave-one-out split, test: \d+ targets of \d+ users/)
    expect(stdout.indexOf('Full catalog')).toBeLessThan(stdout.indexOf('99 sampled negatives'))
    expect(stdout).toMatch(/NDCG@10 +0\.\d{4} \[0\.\d{3}, 0\.\d{3}\] +0\.\d{4} \[/)
    expect(stdout).toMatch(/m3bsr less popularity, NDCG@10, full catalog, same targets: -?0\.\d{4} \[/)

    const asJson = await succeedHere('evaluate runs/shop --part validation --k 5 --json'.split(' '), folder)
    const reports = JSON.parse(asJson.stdout) as {
      model: string
      part: string
      ks: number[]
    }[]
    expect(reports).toMatchObject([{ model: 'm3bsr', part: 'validation', ks: [5] }])

    const recommended = await run('recommend runs/shop --user user1 --top 4')
    expect(recommended.stdout).toMatch(/^ {2}1 {2}.* \(.*\) {2}/)
    expect(recommended.stdout).toMatch(/(click|favorite) \d+ %, (click|favorite) \d+ %; .*image \d+ %/)
  })

  it('runs the example of the README', async () => {
    const through = compiled('examples/shop.js')
    const { code, stdout, stderr } = await start([], { cwd: join(folder, 'shop'), through }).ended
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(stdout).toContain('99 sampled negatives')
    expect(stdout.trim().split('\n').slice(-5).join('\n')).toMatch(/image: 0\.\d+/)
  })

  it('runs the example of the engine', async () => {
    const { stdout } = await start([], { cwd: folder, through: compiled('examples/engine.js') }).ended
    expect(stdout).toBe('1.00 2.00 3.00\n')
  })

  it('sees the demo to its end', async () => {
    const { stdout } = await run('demo --out demo --epochs 1')
    expect(stdout).toMatch(/a simulated shop: 500 users, 400 items, \d+ events, \d+ of them accidental clicks/)
    expect(stdout).toMatch(/^ +m3bsr +sasrec +item-knn +popularity$/m)
    for (const line of idle) expect(stdout).toMatch(line)
    expect(stdout).toMatch(/with AUC 0\.\d{3}$/m)
    expect(existsSync(join(folder, 'demo', 'runs', 'm3bsr', 'model.safetensors'))).toBe(true)
  })

  it('reads of the walk in the README as it was walked here', () => {
    const readme = readFileSync('README.md', 'utf8')
    for (const command of ['siftrec prepare --events', 'siftrec train m3bsr', 'siftrec evaluate', 'siftrec recommend'])
      expect(readme).toContain(`npx ${command}`)
  })
})

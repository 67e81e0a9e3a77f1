import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { asRoot, canMakeHosts, ownHosts } from './fixtures/own-hosts.ts'
import { mpirunProgram } from './fixtures/own-servers.ts'
import { command, type Ended, start, succeedHere, workplace } from './fixtures/siftrec.ts'
import { prepareTinyShop, writeTinyShop } from './fixtures/tiny-shop.ts'

const folder = workplace()
/** What starts so many ranks. Open MPI asks whether root may, and whether there may be more ranks than cores. */
const onRanks = (ranks: number, ...environment: readonly string[]): readonly string[] => [
  ...asRoot,
  ...environment,
  mpirunProgram() as string,
  '--oversubscribe',
  '--bind-to',
  'none',
  '-n',
  String(ranks),
  ...command,
]
const train = (out: string, batchSize: number, ...more: readonly string[]): readonly string[] =>
  `train sasrec data --out ${out} --hidden-size 16 --dropout 0 --epochs 20 --patience 20 --threads 1 --seed 7 --batch-size ${batchSize}`
    .split(' ')
    .concat(more)
const together = async (ranks: number, args: readonly string[]): Promise<Ended> => {
  const ended = await start(args, { cwd: folder, through: onRanks(ranks) }).ended
  if (ended.code !== 0) throw new Error(`${ranks} ranks ended with ${ended.code}: ${ended.stderr}`)
  return ended
}
const bytes = (run: string, file = 'model.safetensors'): Buffer => readFileSync(join(folder, run, file))
const epochsOf = (run: string): { ranks?: number }[] =>
  JSON.parse(bytes(run, 'epochs.json').toString()) as { ranks?: number }[]
/** Processes of this machine whose command line has a text. */
const processesOf = (text: string): number[] =>
  execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(text) && line.includes('node'))
    .filter((line) => !line.includes('mpirun'))
    .map((line) => Number.parseInt(line, 10))

describe.skipIf(mpirunProgram() === undefined)('ranks of Open MPI', () => {
  let said = ''
  beforeAll(async () => {
    writeTinyShop(folder)
    await succeedHere(prepareTinyShop, folder)
    ;({ stderr: said } = await together(2, train('two', 30)))
  })

  it('write the same bytes with the same seed, and one of them speaks', async () => {
    await together(2, train('again', 30))
    for (const file of ['model.safetensors', 'checkpoint.safetensors', 'epochs.json'])
      expect(bytes('again', file).equals(bytes('two', file))).toBe(true)
    expect(said.match(/^epoch 20 /gm)).toHaveLength(1)
    expect(said).toContain('2 ranks: each step has a batch of every one')
    expect(epochsOf('two').every(({ ranks }) => ranks === 2)).toBe(true)
  })

  it.skipIf(!canMakeHosts())('write them on two hosts too, which are network namespaces', async () => {
    using hosts = ownHosts(2)
    const { code, stderr } = await start(train('hosts', 30), { cwd: folder, through: [...hosts.through, ...command] })
      .ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) as string })
    expect(bytes('hosts').equals(bytes('two'))).toBe(true)
  })

  it('end at once where one of them is killed, and go on with another number of them', async () => {
    const { ended, said: until } = start(train('killed', 30, '--epochs', '20'), { cwd: folder, through: onRanks(2) })
    await until('epoch 3')
    const begun = performance.now()
    process.kill(processesOf('--out killed').at(-1) as number, 'SIGKILL')
    expect((await ended).code).not.toBe(0)
    expect(performance.now() - begun).toBeLessThan(30_000)
    expect(processesOf('--out killed')).toEqual([])
    await together(3, ['train', '--resume', 'killed', '--epochs', '20'])
    const counts = epochsOf('killed').map(({ ranks }) => ranks)
    expect([counts.at(0), counts.at(-1), counts.length]).toEqual([2, 3, 20])
  })

  it('stop when they are told to, and go on to the same bytes', async () => {
    const {
      child,
      ended,
      said: until,
    } = start(train('stopped', 30), {
      cwd: folder,
      // mpirun waits that long before it tells ranks to stop, and once more before it kills them; a second by default.
      through: onRanks(2, 'OMPI_MCA_odls_base_sigkill_timeout=3'),
    })
    await until('epoch 2')
    child.kill('SIGINT')
    await ended
    await together(2, ['train', '--resume', 'stopped'])
    expect(bytes('stopped').equals(bytes('two'))).toBe(true)
  })

  it('hold the item table together with the bytes of those that each hold all of it', async () => {
    const sampled = ['--catalog-loss', 'sampled', '--drawn-items', '64', '--epochs', '2']
    await together(2, train('whole', 60, ...sampled))
    await together(2, train('shared', 60, ...sampled, '--shard-items'))
    for (const file of ['model.safetensors', 'checkpoint.safetensors', 'epochs.json'])
      expect(bytes('shared', file).equals(bytes('whole', file))).toBe(true)
    const alone = await start(['train', '--resume', 'shared', '--epochs', '3', '--shard-items'], { cwd: folder }).ended
    expect(alone.stderr).toContain('--shard-items: unsupported: one process, which would hold all rows')
  })

  it('refuse what is counted, and what remembers its batches', async () => {
    const counted = await start(['train', 'item-knn', 'data', '--out', 'counted'], { cwd: folder, through: onRanks(2) })
      .ended
    expect(counted.stderr).toContain('mpirun: unsupported: item-knn is fitted by counting, which one process does')
  })
})

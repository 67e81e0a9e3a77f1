import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { postgresProgram, redisProgram, startPostgres, startRedis } from './fixtures/own-servers.ts'
import { askAtOnce, killWriters, stopStore } from './fixtures/serve-faults.ts'
import { command, siftrec, succeedHere, workplace } from './fixtures/siftrec.ts'
import { prepareTinyShop, writeTinyShop } from './fixtures/tiny-shop.ts'

// The full forms are `npm run -s bench -- crash` and `visible`.
describe('a service in processes of its own', () => {
  const folder = workplace()
  const run = join(folder, 'run')
  const served = (store: string, workers = 1) => ({ command, run, store, workers })
  beforeAll(async () => {
    writeTinyShop(folder)
    await succeedHere(prepareTinyShop, folder)
    await succeedHere(['train', 'last-item', join(folder, 'data'), '--out', 'run'], folder)
  })

  it('loses nothing that it acknowledged when it is killed, and leaves no batch half', async () => {
    const kept = await killWriters(served(join(folder, 'killed.events')), { kills: 2, batches: 20 })
    expect(kept).toMatchObject({ lost: 0, half: 0 })
    expect(Math.min(kept.acknowledged, kept.unanswered, kept.lists)).toBeGreaterThan(0)
  })

  it('by several processes ends where the first one cannot open the run', async () => {
    await succeedHere(['train', 'last-item', 'data', '--out', 'moved'], folder)
    const args = ['serve', join(folder, 'moved'), '--workers', '2', '--port', '0']
    const { code, stderr } = await siftrec([...args, '--store', join(folder, 'moved.events')], tmpdir())
    expect([code, stderr]).toEqual([2, 'data: missing: no such dataset. make one with siftrec prepare\n'])
  })

  it('knows an event in the next list, whichever process stored it', async () => {
    expect(await askAtOnce(served(join(folder, 'visible.events'), 2), 100)).toEqual({ missed: 0 })
  })

  describe.each([
    { kind: 'Redis', program: redisProgram, start: startRedis },
    { kind: 'PostgreSQL', program: postgresProgram, start: startPostgres },
  ])('whose $kind goes away', ({ program, start }) => {
    it.skipIf(!program())('says when to come again, and goes on when it is back', async () => {
      await using server = await start()
      const met = await stopStore(served(server.url), server, { times: 2, seconds: 0.5 })
      expect(met).toMatchObject({ wrong: 0, lost: 0, half: 0 })
      expect(met.statuses['503']).toBeGreaterThan(0)
      expect(met.statuses['200']).toBeGreaterThan(0)
      // A call waits two seconds, and a new connection a quarter of one; a machine may be busy.
      expect(met.back).toBeLessThan(20)
    })
  })
})

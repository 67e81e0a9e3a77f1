/**
 * @file `npm run faults`: kills, damaged files, full disks and pairs of processes; its counts go to
 * docs/reliability.md.
 */
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { compile } from '../fixtures/compile.ts'
import type { FaultCount } from './fault-count.ts'
import { flipMany } from './flips.ts'
import { fillDisks } from './full-disk.ts'
import { killed, killMany } from './kills.ts'
import { paired, pairMany } from './pairs.ts'
import { commands, copy, makePlace, type Place, writeShop } from './place.ts'

/** Where the counts are, for the page. */
const results = 'test/reliability/faults.json'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    flips: { type: 'string', default: '1000' },
    pairs: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    /** Does one part anew: flips, kills, pairs or disks. */
    only: { type: 'string' },
    /** Prints the counts, and leaves the page as it is. */
    'no-save': { type: 'boolean', default: false },
  },
})
const [kills, flips, pairs, seed] = [values.kills, values.flips, values.pairs, values.seed].map(Number) as [
  number,
  number,
  number,
  number,
]
const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** What undisturbed commands write, and a run that was stopped after its first epoch. */
async function makeReferences(place: Place): Promise<void> {
  writeShop(place)
  writeFileSync(join(place.folder, 'shop.yaml'), 'name: shop\nbehaviors: [click, favorite]\n')
  await place.succeed(commands.prepare('data'))
  // Training adds an offline part to the dataset that it reads.
  copy(join(place.folder, 'data'), join(place.folder, 'reference-data'))
  await place.succeed(commands.simulate('reference-shop'))
  await place.succeed(commands.train('reference-run'))
  await place.succeed(commands.train('long-run', { epochs: 20 }))
  await place.succeed(commands.train('other-long-run', { epochs: 20, seed: 8 }))
  await place.succeed(['train', 'sgp4sr', 'data', '--out', 'offline-run', '--epochs', '1', '--threads', '1'])
  const { code, stderr } = await place.run(commands.train('half-run'), { stopWhen: 'epoch 1' })
  if (code !== 130) throw new Error(`the half run ended with ${code}: ${stderr}`)
}

/** Does a part, telling when it begins and what came of it. */
async function told<T>(what: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const found = await work()
  say(`${what} (${Math.round((performance.now() - began) / 1e3)} s): ${JSON.stringify(found)}`)
  return found
}

/** Asks one after another, by name. */
async function byName<Name extends string, T>(names: readonly Name[], ask: (name: Name, at: number) => Promise<T>) {
  const found: [Name, T][] = []
  for (const [at, name] of names.entries()) found.push([name, await ask(name, at)])
  return Object.fromEntries(found) as Record<Name, T>
}

/** The pairs of one kind: all kinds together are as many as was asked for. */
const pairsOf = (at: number, kinds: number): number =>
  Math.floor((pairs * (at + 1)) / kinds) - Math.floor((pairs * at) / kinds)

const compiled = await compile()
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'siftrec-faults-')))
const home = process.cwd()
try {
  const place = makePlace(compiled, folder)
  // The run.json of a run says where its dataset is, seen from where it was trained.
  process.chdir(folder)
  await told('references', () => makeReferences(place))
  const kinds = Object.keys(paired)
  const parts: { [Part in keyof FaultCount]?: () => Promise<FaultCount[Part]> } = {
    flips: () => told('damaged files', () => flipMany(place, flips, seed)),
    kills: () => byName(killed, (what) => told(`kill ${what}`, () => killMany(place, what, kills, seed))),
    pairs: () =>
      byName(kinds, (what, at) => told(`two at once: ${what}`, () => pairMany(place, what, pairsOf(at, kinds.length)))),
    disks: async () => (await told('full disks', () => fillDisks(place))) ?? null,
  }
  const earlier = values.only === undefined ? {} : (JSON.parse(readFileSync(join(home, results), 'utf8')) as object)
  const found = { ...earlier, seed } as FaultCount & Record<string, unknown>
  for (const [part, work] of Object.entries(parts))
    if (values.only === undefined || values.only === part) found[part] = await work()
  if (found.disks === null) say('full disks: skipped, since no disk may be mounted here')
  if (!values['no-save']) writeFileSync(join(home, results), `${JSON.stringify(found, null, 2)}\n`)
  const wrong = [
    ...found.flips.flatMap(({ silent, bugs }) => [...silent, ...bugs]),
    ...Object.values(found.kills).flatMap(({ lost }) => lost),
    ...Object.values(found.pairs).flatMap((one) => one.wrong),
    ...(found.disks?.wrong ?? []),
  ]
  if (wrong.length > 0) process.exitCode = 1
} finally {
  process.chdir(home)
  rmSync(folder, { recursive: true, force: true })
  rmSync(compiled, { recursive: true, force: true })
}

/** @file `siftrec knockout`: what pictures, texts, fields and auxiliary behaviors are worth to a trained model. */
import { Command, Option } from 'commander'
import { UserError, unknownName } from '../../errors.ts'
import type { KnockOut, Untouched } from '../../knockout/knock-out.ts'
import { type Way, ways } from '../../knockout/signals.ts'
import { exitCodes } from '../failure.ts'
import { endingOf } from '../file-ending.ts'
import { interruptible } from '../interrupt.ts'
import { tellMemory } from '../memory.ts'
import { list, trainingSeeds, whole } from '../values.ts'

interface Flags {
  readonly part: 'validation' | 'test'
  readonly only?: string[]
  readonly ways?: Way[]
  readonly seed: number
  readonly retrain?: boolean
  readonly seeds?: number[]
  readonly runs?: string
  readonly explanations?: number | true
  readonly timeEncoding?: boolean
  readonly json?: boolean
  readonly out?: string
}

/** `knockout RUN` */
export function knockoutCommand(): Command {
  return new Command('knockout')
    .description(
      'say what each signal is worth to a trained model: pictures, texts, fields and auxiliary behaviors are replaced one by one, and the loss is measured on the same targets',
    )
    .argument('<run>', 'folder of a trained model')
    .addOption(new Option('--part <name>', 'which targets').choices(['validation', 'test']).default('validation'))
    .option(
      '--only <names>',
      'replace only these, separated by commas: image, text, names of behaviors or fields; by default all that the model reads',
      list,
    )
    .option(
      '--ways <names>',
      `what takes their place, separated by commas: ${ways.join(', ')}; by default each in turn`,
      waysOf,
    )
    .option(
      '--seed <number>',
      'seed of the permutations, the noise and the bootstrap intervals',
      (text) => whole('--seed', text, 0),
      1,
    )
    .option('--retrain', 'also train the model again without each signal, with the options of the run')
    .option(
      '--seeds <numbers>',
      'with --retrain: seeds of training, separated by commas, such as 1,2,3; by default that of the run',
      trainingSeeds,
    )
    .option('--runs <folder>', 'with --retrain: the folder of what is trained; by default RUN-knockout')
    .option(
      '--explanations [number]',
      'instead, measure whether what explanations name counts: how often an item falls further without it than without another of its kind, over so many recommendations (default: 1000)',
      (text) => whole('--explanations', text),
    )
    .option('--time-encoding', 'also measure how long pictures and titles take to encode, on 200 of them')
    .option('--json', 'print JSON instead of text')
    .option('--out <file>', 'also write a page with a plot, such as knockout.html')
    .action(async (folder: string, { json = false, out, ...flags }: Flags) => {
      if (out !== undefined) endingOf(out, ['.html'])
      refuseWithoutRetrain(flags)
      if (flags.explanations !== undefined) {
        refuseWithExplanations(out, flags)
        await explained(folder, flags, json)
        return
      }
      const result = await measured(folder, flags)
      if (!result) return
      const { knockOutHtml, printKnockOut } = await import('../knock-out-page.ts')
      process.stdout.write(`${json ? JSON.stringify(result, null, 2) : printKnockOut(result, !process.stdout.isTTY)}\n`)
      if (out === undefined) return
      const { writePage } = await import('../page-file.ts')
      await writePage(out, knockOutHtml(result))
    })
}

/** What the run loses; undefined when it was stopped. */
async function measured(folder: string, flags: Flags): Promise<KnockOut | undefined> {
  const { knockOut, refuseUnread, untouchedOf } = await import('../../knockout/knock-out.ts')
  const { reportCounts } = await import('../../runs/progress.ts')
  const untouched = await untouchedOf(folder, flags.only)
  const progress = reportCounts(process.stderr)
  const shown = await knockOut(untouched, { ...flags, tellMemory, counted: progress.counted }).finally(progress.done)
  const result = flags.retrain ? await trainedAgain(untouched, shown, flags) : shown
  if (!result) return undefined
  refuseUnread(result)
  if (!flags.timeEncoding) return result
  const { withEncodingTimes } = await import('../../knockout/encoding-time.ts')
  return withEncodingTimes(result, untouched.data.dataset)
}

/** Trains without each signal; Ctrl-C saves. */
async function trainedAgain(untouched: Untouched, shown: KnockOut, flags: Flags): Promise<KnockOut | undefined> {
  const { retrained } = await import('../../knockout/retrained.ts')
  const { reportProgress } = await import('../../runs/progress.ts')
  const { folder, run } = untouched
  const { part, seed, ways: wanted = ways } = flags
  const progress = reportProgress(process.stderr, run.training?.epochs ?? 0)
  const result = await interruptible((signal) =>
    retrained(untouched, shown, {
      part,
      seed,
      ways: wanted,
      seeds: flags.seeds ?? [run.training?.seed ?? 0],
      folder: flags.runs ?? `${folder.replace(/[/\\]+$/, '')}-knockout`,
      signal,
      report: progress.report,
      say: (line) => process.stderr.write(`${line}\n`),
      counted: (work, done, all) => progress.report({ kind: 'counted', work, done, all }),
    }),
  ).finally(progress.done)
  if (result) return result
  process.stderr.write('stopped, saved; the same command goes on\n')
  process.exitCode = exitCodes.interrupted
  return undefined
}

/** How many recommendations are looked at unless a number is given. */
const usualExplanations = 1000

/** Prints how often explanations are right. */
async function explained(folder: string, { part, seed, explanations }: Flags, json: boolean): Promise<void> {
  const { untouchedOf } = await import('../../knockout/knock-out.ts')
  const { faithfulness } = await import('../../knockout/faithfulness.ts')
  const { printFaithfulness } = await import('../../knockout/told.ts')
  const { reportCounts } = await import('../../runs/progress.ts')
  const progress = reportCounts(process.stderr)
  const count = typeof explanations === 'number' ? explanations : usualExplanations
  const result = await faithfulness(await untouchedOf(folder), {
    part,
    seed,
    count,
    counted: progress.counted,
  }).finally(progress.done)
  process.stdout.write(`${json ? JSON.stringify(result, null, 2) : printFaithfulness(result)}\n`)
}

/** @throws UserError `unsupported` for flags of the knock-out, of which nothing is measured */
function refuseWithExplanations(out: string | undefined, { only, ways: wanted, retrain, timeEncoding }: Flags): void {
  for (const [flag, given] of Object.entries({
    '--out': out,
    '--only': only,
    '--ways': wanted,
    '--retrain': retrain,
    '--time-encoding': timeEncoding,
  })) {
    if (given === undefined) continue
    const expected = 'none with --explanations'
    throw new UserError({ where: flag, problem: 'unsupported', value: String(given), expected })
  }
}

/** @throws UserError `unsupported` for flags of trainings where nothing is trained */
function refuseWithoutRetrain({ retrain, seeds, runs }: Flags): void {
  if (retrain) return
  for (const [flag, given] of Object.entries({ '--seeds': seeds, '--runs': runs })) {
    if (given === undefined) continue
    const hint = 'add --retrain'
    throw new UserError({
      where: flag,
      problem: 'unsupported',
      value: String(given),
      expected: 'none without --retrain',
      hint,
    })
  }
}

/** @throws UserError `unknown` for what is no way */
function waysOf(text: string): Way[] {
  return list(text).map((name) => {
    const way = ways.find((one) => one === name)
    if (way === undefined) throw unknownName('--ways', name, ways)
    return way
  })
}

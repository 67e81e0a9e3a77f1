/** @file `siftrec knockout`: what pictures, texts, fields and auxiliary behaviors are worth to a trained model. */
import { Command, Option } from 'commander'
import { unknownName } from '../../errors.ts'
import { type Way, ways } from '../../knockout/signals.ts'
import { endingOf } from '../file-ending.ts'
import { tellMemory } from '../memory.ts'
import { whole } from '../values.ts'

interface Flags {
  readonly part: 'validation' | 'test'
  readonly only?: string[]
  readonly ways?: Way[]
  readonly seed: number
  readonly json?: boolean
  readonly out?: string
}

const list = (text: string): string[] => text.split(',').map((part) => part.trim())

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
    .option('--json', 'print JSON instead of text')
    .option('--out <file>', 'also write a page with a plot, such as knockout.html')
    .action(async (folder: string, { json = false, out, ...flags }: Flags) => {
      if (out !== undefined) endingOf(out, ['.html'])
      const { knockOut, untouchedOf } = await import('../../knockout/knock-out.ts')
      const { reportCounts } = await import('../../runs/progress.ts')
      const untouched = await untouchedOf(folder, flags.only)
      const progress = reportCounts(process.stderr)
      const result = await knockOut(untouched, { ...flags, tellMemory, counted: progress.counted }).finally(
        progress.done,
      )
      const { knockOutHtml, printKnockOut } = await import('../knock-out-page.ts')
      process.stdout.write(`${json ? JSON.stringify(result, null, 2) : printKnockOut(result, !process.stdout.isTTY)}\n`)
      if (out === undefined) return
      const { writePage } = await import('../page-file.ts')
      await writePage(out, knockOutHtml(result))
    })
}

/** @throws UserError `unknown` for what is no way */
function waysOf(text: string): Way[] {
  return list(text).map((name) => {
    const way = ways.find((one) => one === name)
    if (way === undefined) throw unknownName('--ways', name, ways)
    return way
  })
}

/** @file `siftrec compare`: trained models side by side, each with its paired difference from the best. */
import { Command, Option } from 'commander'
import { UserError } from '../../errors.ts'
import { type RankFigure, rankMetrics, validationMetric } from '../../metrics/table.ts'
import { whole } from '../values.ts'

interface Flags {
  readonly part: 'validation' | 'test'
  readonly metric: RankFigure
  readonly against?: string
  readonly seed: number
  readonly json?: boolean
  readonly html?: string
}

/** `compare RUN...` */
export function compareCommand(): Command {
  return new Command('compare')
    .description(
      'compare trained models: a table for each dataset and split, with the difference of each run from the best on the same targets',
    )
    .argument('<run...>', 'folders of trained models, such as runs/*; other folders are passed over')
    .addOption(new Option('--part <name>', 'which targets').choices(['validation', 'test']).default('test'))
    .option(
      '--metric <name>',
      'what differences are taken of, for models that rank: hr, ndcg or mrr with a list length, such as hr@20',
      metricOf,
      validationMetric.ranks,
    )
    .option('--against <run>', 'the run that the others are compared with; by default the best of each table')
    .option('--seed <number>', 'seed of the bootstrap intervals', (text) => whole('--seed', text, 0), 1)
    .option('--json', 'print JSON instead of tables')
    .option('--html <file>', 'also write a page with plots')
    .action(async (folders: string[], { json = false, html, ...options }: Flags) => {
      const { compareRuns, printComparison } = await import('../comparison.ts')
      const { holdsRun } = await import('../../runs/run-file.ts')
      const others = folders.filter((folder) => !holdsRun(folder))
      const groups = await compareRuns(folders, options)
      if (others.length > 0) process.stderr.write(`no runs, passed over: ${others.join(', ')}\n`)
      process.stdout.write(
        `${json ? JSON.stringify(groups, null, 2) : printComparison(groups, !process.stdout.isTTY)}\n`,
      )
      if (html === undefined) return
      const { comparisonHtml } = await import('../comparison-page.ts')
      const { writePage } = await import('../page-file.ts')
      await writePage(html, comparisonHtml(groups))
    })
}

/** @throws UserError `invalid` for what is no metric of ranks */
function metricOf(text: string): RankFigure {
  const [key = '', length = ''] = text.split('@')
  if (rankMetrics.some((metric) => metric.key === key) && /^[1-9]\d{0,5}$/.test(length)) return text as RankFigure
  const expected = `${rankMetrics.map((metric) => metric.key).join(', ')} with a list length, such as ndcg@10`
  throw new UserError({ where: '--metric', problem: 'invalid', value: `"${text}"`, expected })
}

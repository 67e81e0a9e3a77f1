/** @file `siftrec prepare`: a shop's own files into a dataset folder. */
import { Command, Option } from 'commander'
import { type PrepareOptions, prepareDataset } from '../../data/prepare.ts'
import { sources } from '../../data/sources/registry.ts'

interface Flags {
  readonly source: string
  readonly input?: string
  readonly events?: string[]
  readonly items?: string[]
  readonly images?: string
  readonly config?: string
  readonly out: string
  readonly overwrite?: boolean
  readonly memoryLimit?: string
}

/** `prepare` */
export function prepareCommand(): Command {
  return new Command('prepare')
    .description('make a dataset from event logs, an item table and pictures')
    .addOption(new Option('--source <name>', `whose files they are: ${Object.keys(sources).join(', ')}`).default('csv'))
    .option('--input <folder>', "the folder of a known dataset's own files")
    .option('--events <file...>', 'event logs: CSV, TSV, JSONL or Parquet, also .gz; globs are allowed')
    .option('--items <file...>', 'item tables, in the same formats')
    .option('--images <folder>', 'pictures of the items')
    .option('--config <yaml>', 'which columns and behaviors mean what; see docs/data.md')
    .requiredOption('--out <folder>', 'the dataset folder to make')
    .option('--overwrite', 'replace the dataset that is there')
    .option('--memory-limit <size>', 'for reading the log, e.g. 2GB')
    .action(prepare)
}

async function prepare({ config, ...flags }: Flags): Promise<void> {
  const options: PrepareOptions = {
    ...flags,
    ...(config === undefined ? {} : { mapping: config }),
    report: (line) => process.stderr.write(`${line}\n`),
  }
  await prepareDataset(options)
  process.stdout.write(`saved in ${flags.out}; next: siftrec train m3bsr ${flags.out}\n`)
}

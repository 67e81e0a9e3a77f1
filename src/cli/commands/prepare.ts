/** @file `siftrec prepare`: a shop's own files into a dataset folder. */
import { Command, Option } from 'commander'
import { prepareDataset } from '../../data/prepare.ts'
import type { FeatureMaker, Manifest } from '../../data/schema.ts'
import { sources } from '../../data/sources/registry.ts'
import { localFeatures } from '../../features/local.ts'

interface Flags {
  readonly source: string
  readonly input?: string
  readonly events?: string[]
  readonly items?: string[]
  readonly images?: string
  readonly config?: string
  readonly encoder: 'local' | 'none'
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
    .addOption(new Option('--encoder <name>', 'what makes vectors of titles and pictures').choices(['local', 'none']).default('local'))
    .requiredOption('--out <folder>', 'the dataset folder to make')
    .option('--overwrite', 'replace the dataset that is there')
    .option('--memory-limit <size>', 'for reading the log, e.g. 2GB')
    .action(prepare)
}

const say = (line: string): void => void process.stderr.write(`${line}\n`)

async function prepare({ config, encoder, ...flags }: Flags): Promise<void> {
  const features = makerOf(encoder)
  const manifest = await prepareDataset({
    ...flags,
    ...(config === undefined ? {} : { mapping: config }),
    ...(features && { features }),
    report: say,
  })
  reportFeatures(manifest)
  process.stdout.write(`saved in ${flags.out}; next: siftrec train m3bsr ${flags.out}\n`)
}

function makerOf(encoder: Flags['encoder']): FeatureMaker | undefined {
  return encoder === 'local' ? localFeatures(say) : undefined
}

/** How many broken files are named. */
const namedFiles = 5

function reportFeatures({ features, counts }: Manifest): void {
  for (const [modality, { present, encoder, broken }] of Object.entries(features)) {
    say(`${modality}: vectors for ${present} of ${counts.items} items (${encoder})`)
    const more = broken.length > namedFiles ? ` and ${broken.length - namedFiles} more, all in manifest.json` : ''
    if (broken.length > 0) say(`${modality}: cannot be read, treated as missing: ${broken.slice(0, namedFiles).join(', ')}${more}`)
  }
}

/** @file `siftrec prepare`: a shop's own files into a dataset folder. */
import { Command, Option } from 'commander'
import type { FeatureMaker, Manifest } from '../../dataset/schema.ts'
import { UserError } from '../../errors.ts'
import { localFeatures } from '../../features/local.ts'
import { precomputedFeatures } from '../../features/precomputed.ts'
import { prepareDataset } from '../../prepare/prepare.ts'
import { sources } from '../../prepare/sources/registry.ts'
import { whole } from '../values.ts'

interface FeatureFlags {
  readonly encoder: 'local' | 'precomputed' | 'none'
  readonly textFeatures?: string
  readonly imageFeatures?: string
  readonly featureIds?: string
  readonly featureWidth?: number
}
interface Flags extends FeatureFlags {
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
    .addOption(
      new Option('--encoder <name>', 'what makes vectors of titles and pictures')
        .choices(['local', 'precomputed', 'none'])
        .default('local'),
    )
    .option(
      '--text-features <file>',
      'with --encoder precomputed, vectors of titles: .safetensors, .npy or raw float32',
    )
    .option('--image-features <file>', 'likewise, vectors of pictures')
    .option(
      '--feature-ids <file>',
      'the ids that their rows belong to: one a line, or id<TAB>row; safetensors may hold them',
    )
    .option('--feature-width <number>', 'the width they must have; raw files are read at it (512 by default)', (text) =>
      whole('--feature-width', text),
    )
    .requiredOption('--out <folder>', 'the dataset folder to make')
    .option('--overwrite', 'replace the dataset that is there')
    .option('--memory-limit <size>', 'for reading the log, e.g. 2GB')
    .action(prepare)
}

const say = (line: string): void => void process.stderr.write(`${line}\n`)

async function prepare({ config, ...flags }: Flags): Promise<void> {
  const features = makerOf(flags)
  const manifest = await prepareDataset({
    ...flags,
    ...(config === undefined ? {} : { mapping: config }),
    ...(features && { features }),
    report: say,
  })
  reportFeatures(manifest)
  process.stdout.write(`saved in ${flags.out}; next: siftrec train m3bsr ${flags.out}\n`)
}

/** @throws UserError when the encoder and the files of vectors do not go together */
function makerOf({
  encoder,
  textFeatures,
  imageFeatures,
  featureIds,
  featureWidth,
}: FeatureFlags): FeatureMaker | undefined {
  const given = Object.entries({ text: textFeatures, image: imageFeatures }).filter(([, file]) => file !== undefined)
  if ((encoder === 'precomputed') !== given.length > 0) {
    const value = given.length > 0 ? `with --${given[0]?.[0]}-features` : 'without --text-features or --image-features'
    throw new UserError({
      where: '--encoder',
      problem: 'invalid',
      value: `${encoder} ${value}`,
      expected: 'precomputed with one of them or both',
    })
  }
  if (encoder !== 'precomputed') return encoder === 'local' ? localFeatures(say) : undefined
  const more = {
    ...(featureIds !== undefined && { ids: featureIds }),
    ...(featureWidth !== undefined && { width: featureWidth }),
  }
  return precomputedFeatures(
    Object.fromEntries(given.map(([modality, vectors]) => [modality, { vectors: vectors as string, ...more }])),
  )
}

/** How many broken files are named. */
const namedFiles = 5

function reportFeatures({ features, counts }: Manifest): void {
  for (const [modality, { present, encoder, broken }] of Object.entries(features)) {
    say(`${modality}: vectors for ${present} of ${counts.items} items (${encoder})`)
    const more = broken.length > namedFiles ? ` and ${broken.length - namedFiles} more, all in manifest.json` : ''
    if (broken.length > 0)
      say(`${modality}: cannot be read, treated as missing: ${broken.slice(0, namedFiles).join(', ')}${more}`)
  }
}

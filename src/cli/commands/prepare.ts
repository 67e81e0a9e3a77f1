/** @file `siftrec prepare`: a shop's own files into a dataset folder. */
import { Command, Option } from 'commander'
import { prepareDataset } from '../../data/prepare.ts'
import type { FeatureMaker, Manifest } from '../../data/schema.ts'
import { sources } from '../../data/sources/registry.ts'
import { UserError, UserError } from '../../errors.ts'
import { localFeatures } from '../../features/local.ts'
import { precomputedFeatures, precomputedFeatures } from '../../features/precomputed.ts'
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
  readonly encoder: 'local' | 'precomputed' | 'none'
  readonly textFeatures?: string
  readonly imageFeatures?: string
  readonly featureIds?: string
  readonly featureWidth?: number
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
    .addOption(new Option('--encoder <name>', 'what makes vectors of titles and pictures').choices(['local', 'precomputed', 'none']).default('local'))
    .option('--text-features <file>', 'precomputed vectors of titles: .safetensors, .npy or raw float32')
    .option('--image-features <file>', 'precomputed vectors of pictures, in the same formats')
    .option('--feature-ids <file>', 'ids that the rows of precomputed vectors belong to: one a line, or id<TAB>row')
    .option('--feature-width <n>', 'width that precomputed vectors must have; raw files are read at it (default 512)', widthOf)
    .requiredOption('--out <folder>', 'the dataset folder to make')
    .option('--overwrite', 'replace the dataset that is there')
    .option('--memory-limit <size>', 'for reading the log, e.g. 2GB')
    .action(prepare)
}

const say = (line: string): void => void process.stderr.write(`${line}\n`)

async function prepare({ config, ...flags }: Flags): Promise<void> {
  const features = makerOf(flags)
  const { source, input, events, items, images, out, overwrite, memoryLimit } = flags
  const given = Object.fromEntries(Object.entries({ input, events, items, images, overwrite, memoryLimit, mapping: config }).filter(([, value]) => value !== undefined))
  const manifest = await prepareDataset({ source, out, ...given, ...(features && { features }), report: say })
  reportFeatures(manifest)
  process.stdout.write(`saved in ${flags.out}; next: siftrec train m3bsr ${flags.out}\n`)
}

function makerOf({ encoder, textFeatures, imageFeatures, featureIds, featureWidth }: FeatureFlags): FeatureMaker | undefined {
  if (encoder === 'none') return undefined
  const given = Object.entries({ text: textFeatures, image: imageFeatures }).filter(([, file]) => file !== undefined)
  if ((encoder === 'precomputed') !== given.length > 0) {
    const value = given.length > 0 ? `--${given[0]?.[0]}-features` : '--text-features or --image-features'
    throw new UserError({ where: `--encoder ${encoder}`, problem: given.length > 0 ? 'unsupported' : 'missing', value, hint: 'they go together: --encoder precomputed --text-features FILE' })
  }
  if (encoder === 'local') return localFeatures(say)
  const more = { ...(featureIds !== undefined && { ids: featureIds }), ...(featureWidth !== undefined && { width: featureWidth }) }
  return precomputedFeatures(Object.fromEntries(given.map(([modality, vectors]) => [modality, { vectors: vectors as string, ...more }])))
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

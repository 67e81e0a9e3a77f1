/** @file `siftrec prepare`: makes a dataset folder from a shop's own files. */
import { Command, Option } from 'commander'
import type { Manifest } from '../../dataset/schema.ts'
import { UserError } from '../../errors.ts'
import type { PrepareOptions } from '../../prepare/prepare.ts'
import { sources } from '../../prepare/sources/registry.ts'
import { addEncoderFlags, type EncoderFlags, featureMakerOf } from '../encoder-flags.ts'
import { exitCodes } from '../failure.ts'
import { interruptible } from '../interrupt.ts'
import { openedQueue } from '../opened-queue.ts'
import { whole } from '../values.ts'

interface Flags extends EncoderFlags {
  readonly source: string
  readonly input?: string
  readonly events?: string[]
  readonly items?: string[]
  readonly fresh?: string
  readonly drop?: string
  readonly images?: string
  readonly config?: string
  readonly target?: string
  readonly out: string
  readonly overwrite?: boolean
  readonly allowDropped?: boolean
  readonly memoryLimit?: string
  readonly partitions?: number
  readonly queue?: string
}

/** `prepare` */
export function prepareCommand(): Command {
  const command = new Command('prepare')
    .description('make a dataset folder from event logs, an item table and pictures')
    .addOption(
      new Option('--source <name>', `the data set or format of the files: ${Object.keys(sources).join(', ')}`).default(
        'csv',
      ),
    )
    .option('--input <folder>', 'folder with the files of the data set that --source names')
    .option(
      '--events <file...>',
      'event logs: CSV, TSV, JSONL or Parquet, also gzipped; globs are allowed, and s3://BUCKET/KEY',
    )
    .option('--items <file...>', 'item tables, in the same formats')
    .option('--fresh <file>', 'events that siftrec export-events wrote, added to those of the log')
    .option('--drop <file>', 'leave out the suspects that siftrec audit --suspects wrote; the log stays as it is')
    .option('--images <folder>', 'folder with the pictures of the items')
    .option('--config <yaml>', 'mapping file: what the columns and behaviors mean; see docs/data.md')
    .option('--target <behavior>', 'the behavior to predict, if not the last one of the mapping')
  return addEncoderFlags(command)
    .requiredOption('--out <folder>', 'the dataset folder to write')
    .option('--overwrite', 'replace a dataset that is already in --out')
    .option('--allow-dropped', 'go on where more than a fifth of the log is left out for one reason')
    .option('--memory-limit <size>', 'how much memory reading the log may use, such as 2GB')
    .option(
      '--partitions <number>',
      'work on a large log in so many parts, one after another, so that it needs less memory; the dataset is the same',
      (text) => whole('--partitions', text),
    )
    .option(
      '--queue <url>',
      'a Redis, such as redis://host:6379, through which processes of siftrec worker on any host work on the partitions',
    )
    .action(prepare)
}

const say = (line: string): void => void process.stderr.write(`${line}\n`)

async function prepare({ config, queue: url, ...flags }: Flags): Promise<void> {
  const several = (flags.partitions ?? 1) > 1
  if (url !== undefined && !several) {
    // Its address is not shown: it may have a password.
    const hint = 'without partitions there is nothing to share'
    throw new UserError({
      where: '--queue',
      problem: 'unsupported',
      value: 'an address',
      expected: 'it with --partitions',
      hint,
    })
  }
  const features = await featureMakerOf(flags, say)
  const { prepareDataset } = await import('../../prepare/prepare.ts')
  const options = {
    ...flags,
    ...(config === undefined ? {} : { mapping: config }),
    ...(features && { features }),
    report: say,
  }
  const manifest = await (url === undefined ? prepareDataset(options) : prepareQueued(options, url))
  if (manifest === 'interrupted') {
    process.stderr.write('stopped; nothing was written\n')
    process.exitCode = exitCodes.interrupted
    return
  }
  reportFeatures(manifest)
  if (several)
    say(`the log is not described, since that needs all of it in memory; siftrec describe ${flags.out} does it`)
  else await describeShortly(flags.out)
  process.stdout.write(`saved in ${flags.out}; next: siftrec train m3bsr ${flags.out}\n`)
}

/** Has the partitions worked on by the workers of a queue. */
async function prepareQueued(options: PrepareOptions, url: string): Promise<Manifest | 'interrupted'> {
  const { prepareDataset } = await import('../../prepare/prepare.ts')
  const { partitionWorkers } = await import('../partition-jobs.ts')
  await using queue = await openedQueue(url, say)
  const what = 'workers end the partitions that they have begun, and the others leave the queue'
  return await interruptible(
    async (signal) => {
      try {
        return await prepareDataset({ ...options, workers: partitionWorkers(queue, { out: options.out, signal, say }) })
      } catch (error) {
        if (signal.aborted) return 'interrupted'
        throw error
      }
    },
    { what },
  )
}

async function describeShortly(folder: string): Promise<void> {
  const { loadDataset } = await import('../../dataset/load.ts')
  const { describeDataset } = await import('../../describe/description.ts')
  const { printShortly } = await import('../../describe/print-description.ts')
  for (const line of printShortly(describeDataset(await loadDataset(folder)))) say(line)
}

/** How many broken files are listed by name. */
const namedFiles = 5

function reportFeatures({ features, counts }: Manifest): void {
  for (const [modality, { present, encoder, broken }] of Object.entries(features)) {
    say(`${modality}: vectors for ${present} of ${counts.items} items (${encoder})`)
    const more = broken.length > namedFiles ? ` and ${broken.length - namedFiles} more, all in manifest.json` : ''
    if (broken.length > 0)
      say(`${modality}: cannot be read, treated as missing: ${broken.slice(0, namedFiles).join(', ')}${more}`)
  }
}

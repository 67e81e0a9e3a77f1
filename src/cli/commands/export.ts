/** @file `siftrec export`: a trained model as a folder that ranks in a browser. */
import { Command } from 'commander'
import { once } from '../values.ts'

interface Flags {
  readonly out: string
  readonly data?: string
}

/** `export RUN --out FOLDER` */
export function exportCommand(): Command {
  return new Command('export')
    .description('write a folder with which a browser recommends by itself, on any static server')
    .argument('<run>', 'folder of a trained model that ranks the next item')
    .requiredOption('--out <folder>', 'the folder to write', once('--out'))
    .option('--data <folder>', 'the dataset folder, if it has moved since training')
    .action(async (folder: string, { out, data }: Flags) => {
      const { openRun } = await import('../../runs/open-run.ts')
      const { exportRun } = await import('../../browser/export-run.ts')
      await using run = await openRun(folder, data === undefined ? {} : { data })
      const files = await exportRun(run, out)
      const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
      const lines = [...files, { name: 'together', bytes: total }].map(
        ({ name, bytes }) =>
          `${(bytes / 1000).toLocaleString('en-US', { maximumFractionDigits: 0 }).padStart(9)} kB  ${name}`,
      )
      process.stdout.write(`${lines.join('\n')}\n`)
      process.stderr.write(`written: ${out}; serve it with any static server\n`)
    })
}

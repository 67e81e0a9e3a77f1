/** @file `siftrec audit`: says what is suspicious in a dataset, ranked, with the evidence. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import type { Dataset } from '../../dataset/schema.ts'
import { share } from '../values.ts'

interface Flags {
  readonly json?: boolean
  readonly html?: string
  readonly csv?: string
  readonly suspects?: string
  readonly images?: string
  readonly data?: string
  readonly least: number
}

/** `audit DATA` or `audit RUN` */
export function auditCommand(): Command {
  return new Command('audit')
    .description(
      'say what is suspicious in a dataset, with the evidence: accidental clicks, wrong pictures, bots, ties, dead items',
    )
    .argument('<data>', 'folder of a prepared dataset, or of a run: its denoising is then told too')
    .option('--json', 'print JSON instead of text')
    .option('--html <file>', 'also write a page with pictures')
    .option('--csv <file>', 'also write every suspect as a row')
    .option('--suspects <file>', 'also write the suspects as JSON, for siftrec prepare --drop')
    .option('--least <chance>', 'how likely a suspect is, at least', (text) => share('--least', text), 0.5)
    .option('--images <folder>', 'the folder of pictures, if it is not where the dataset was prepared from')
    .option('--data <folder>', "with a run: its dataset's folder, if it moved")
    .action(audit)
}

const say = (line: string): void => void process.stderr.write(`${line}\n`)

async function audit(folder: string, { json = false, html, csv, suspects, images, data, least }: Flags): Promise<void> {
  const { dataset, moved } = await opened(folder, data)
  const { readPictures } = await import('../../dataset/pictures.ts')
  const { auditDataset, suspectsOf } = await import('../../audit/audit.ts')
  const { toldAudit } = await import('../../audit/told-audit.ts')
  const { auditRows, printAudit } = await import('../../audit/print-audit.ts')
  const pictures = await readPictures(dataset, images)
  const found = await auditDataset(dataset, { least, moved, pictures, report: say })
  const told = toldAudit(found, dataset)
  process.stdout.write(`${json ? JSON.stringify(told, null, 1) : printAudit(told)}\n`)
  const { writePage } = await import('../page-file.ts')
  if (csv !== undefined) {
    const { csvCell } = await import('../csv-cell.ts')
    const lines = auditRows(told).map((row) => row.map(csvCell).join(','))
    await writePage(csv, `${lines.join('\n')}\n`)
  }
  if (suspects !== undefined) {
    const { printSuspects } = await import('../../storage/suspects-file.ts')
    await writePage(suspects, printSuspects(suspectsOf(found, dataset)))
  }
  if (html !== undefined) {
    const { auditPage } = await import('../../audit/audit-page.ts')
    await writePage(html, await auditPage(told, dataset, pictures))
  }
}

/** A dataset, and where a run is given how far its denoising moved each event. */
async function opened(
  folder: string,
  data: string | undefined,
): Promise<{ dataset: Dataset; moved: Float64Array | undefined }> {
  if (!existsSync(join(folder, 'run.json'))) {
    const { loadDataset } = await import('../../dataset/load.ts')
    return { dataset: await loadDataset(folder), moved: undefined }
  }
  const { openRun } = await import('../../runs/open-run.ts')
  const { movedEvents } = await import('../../audit/click-noise.ts')
  const run = await openRun(folder, data === undefined ? {} : { data })
  try {
    // A model of clicks has no history to denoise.
    const ofClicks = 'label' in run.run.split
    return { dataset: run.dataset, moved: ofClicks ? undefined : await movedEvents(run) }
  } finally {
    await run[Symbol.asyncDispose]()
  }
}

/** @file `siftrec describe`: says what a prepared dataset is and allows, before anything is trained. */
import { Command } from 'commander'

interface Flags {
  readonly json?: boolean
  readonly html?: string
}

/** `describe DATA` */
export function describeCommand(): Command {
  return new Command('describe')
    .description(
      'say what a prepared dataset is and allows: which targets can be ranked, why the others cannot, ties, gaps, coverage',
    )
    .argument('<data>', 'folder of a prepared dataset')
    .option('--json', 'print JSON instead of text')
    .option('--html <file>', 'also write a page with plots')
    .action(async (folder: string, { json = false, html }: Flags) => {
      const { loadDataset } = await import('../../dataset/load.ts')
      const { describeDataset } = await import('../../describe/description.ts')
      const { printDescription } = await import('../../describe/print-description.ts')
      const description = describeDataset(await loadDataset(folder))
      process.stdout.write(`${json ? JSON.stringify(description, null, 2) : printDescription(description)}\n`)
      if (html === undefined) return
      const { descriptionPage } = await import('../../describe/description-page.ts')
      const { writePage } = await import('../page-file.ts')
      await writePage(html, descriptionPage(description))
    })
}

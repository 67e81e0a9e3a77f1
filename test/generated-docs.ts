/**
 * @file What the docs have from the code: `docs/models.md`, and the blocks between `<!-- generated: NAME -->` and `<!--
 * /generated -->`.
 */
import { readFileSync } from 'node:fs'
import { basename, dirname, relative } from 'node:path'
import { clickSplitConfig } from '../src/dataset/click-samples.ts'
import { markdownTable } from '../src/evaluate/printing.ts'
import { clickTrainingConfig, trainingConfig } from '../src/learn/config.ts'
import { optionsOf } from '../src/models/contract/options.ts'
import { modelOf, modelSlugs } from '../src/models/registry.ts'
import { splitConfig } from '../src/runs/split-config.ts'
import { cardBlocks, cardOf } from './model-cards.ts'
import { citationOf, fileOf, optionsTable } from './model-facts.ts'
import type { FaultCount } from './reliability/fault-count.ts'
import type { FuzzCount } from './reliability/fuzz/pool.ts'

const blockPattern = /^<!-- generated: (\S+) -->\n.*?^<!-- \/generated -->$/gms

/** A page with its generated blocks written anew; a page without one comes back as it is. */
export function withGeneratedBlocks(page: string): string {
  return readFileSync(page, 'utf8').replace(blockPattern, (_, name: string) => {
    const body = name.startsWith('docs/results/')
      ? resultsTable(name)
      : (modelLists[name]?.(page) ?? cardBlocks[name]?.(page) ?? reliability[name]?.())
    if (body === undefined) throw new Error(`${page} has a block of an unknown kind: ${name}`)
    return `<!-- generated: ${name} -->\n${body}\n<!-- /generated -->`
  })
}

/** Whether the model is trained by gradients; the others are fitted by counting. */
export const isTrained = (slug: string): boolean => 'build' in modelOf(slug)
const titleOf = (slug: string): string => modelOf(slug).title
/** What a model predicts, in words. */
function predictionOf(slug: string): string {
  // A model that is fitted by counting ranks the next item too.
  return modelOf(slug).task === 'clicks' ? 'clicks' : 'the next item'
}

/** The counts of the reliability suites, by the name of their block. */
const reliability: Readonly<Record<string, () => string>> = {
  fuzz() {
    const { seed, kinds } = read('test/reliability/fuzz.json') as FuzzCount
    const columns = ['cases', 'right', 'refused', 'unjudged', 'wrong', 'crashed', 'hung'] as const
    const rows = Object.entries(kinds).map(([kind, count]) => [kind, ...columns.map((name) => String(count[name]))])
    const totals = columns.map((name) => String(Object.values(kinds).reduce((sum, count) => sum + count[name], 0)))
    const table = markdownTable(['files', ...columns], [...rows, ['all', ...totals]])
    return `${table}\n\n\`npm run fuzz -- --cases ${totals[0]} --seed ${seed}\``
  },

  faults() {
    const { seed, kills, flips, pairs, disks } = read('test/reliability/faults.json') as FaultCount
    const number = (count: number): string => String(count)
    const killRows = Object.entries(kills).map(([what, one]) => [
      `\`${what}\``,
      ...[one.kills, one.inTime, one.recovered].map(number),
    ])
    const flipRows = flips.map(({ file, tries, refused, harmless, silent, bugs }) => [
      file,
      ...[tries, refused, harmless, silent.length, bugs.length].map(number),
    ])
    const pairRows = Object.entries(pairs).map(([what, one]) => [
      `\`${what.replace(', ', '`, ')}`,
      ...[one.pairs, one.refused, one.bothWell, one.wrong.length].map(number),
    ])
    const full = disks
      ? `On ${disks.tries} full or nearly full disks, ${disks.endedWell} commands ended well, ${disks.refused} were refused in a sentence, and ${disks.wrong.length} went wrong.`
      : 'Full disks were not tried: none could be mounted there.'
    return [
      markdownTable(['kill -9 of', 'kills', 'before its end', 'recovered'], killRows),
      markdownTable(['flipped or cut', 'files', 'refused', 'harmless', 'silent', 'bugs'], flipRows),
      markdownTable(['two at once', 'pairs', 'one refused', 'one after the other', 'wrong'], pairRows),
      full,
      `\`npm run faults -- --seed ${seed}\``,
    ].join('\n\n')
  },
}

const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'))

/** The lists of models, by the name of their block. A page's links are relative to it. */
const modelLists: Readonly<Record<string, (page: string) => string>> = {
  /** What each model predicts: a line a task. */
  'models-by-task': () => {
    const tasks = [...new Set(modelSlugs.map(predictionOf))]
    const line = (task: string): string =>
      modelSlugs
        .filter((slug) => predictionOf(slug) === task)
        .map(titleOf)
        .join(', ')
    return tasks.map((task) => `- To predict ${task}: ${line(task)}.`).join('\n')
  },

  /** A row a model: its name, what it predicts, its paper, and the file whose header names every departure. */
  'models-and-papers': (page) => {
    const bibliography = readFileSync('references.bib', 'utf8')
    const rows = modelSlugs.map((slug) => {
      const file = fileOf(slug)
      const link = `[${relative('src/models', file)}](${relative(dirname(page), file)})`
      const card = cardOf(slug)
      const toCard = card ? `[card](${relative(dirname(page), card)})` : '-'
      return [titleOf(slug), `\`${slug}\``, predictionOf(slug), citationOf(bibliography, slug), link, toCard]
    })
    return markdownTable(['model', 'slug', 'predicts', 'paper', 'equations and departures', 'fidelity'], rows)
  },
}

/** The first table of a results page, or of its section after a `#`: `docs/results/movies.md#leave-one-out`. */
function resultsTable(name: string): string {
  const [file, anchor] = name.split('#') as [string, string | undefined]
  const page = readFileSync(file, 'utf8')
  const anchorOf = (text: string): string =>
    (text.split('\n')[0] as string)
      .toLowerCase()
      .replaceAll(/[^\p{L}\d\s_-]/gu, '')
      .replaceAll(' ', '-')
  const section = anchor === undefined ? page : page.split(/^## /m).find((text) => anchorOf(text) === anchor)
  const table = section && /(?:^\|.*\n)+/m.exec(section)?.[0]
  if (!table) throw new Error(`no table in ${name}`)
  return table.trimEnd()
}

/** `docs/models.md`, made of the schemas. */
export function modelsPage(): string {
  const sections = modelSlugs.map((slug) => {
    const how = isTrained(slug) ? 'is trained' : 'is fitted by counting and takes no training options'
    const file = fileOf(slug)
    const card = cardOf(slug)
    const model = modelOf(slug)
    const decay =
      'weightDecay' in model ? ` \`siftrec train\` gives it a weight decay of ${String(model.weightDecay)}.` : ''
    const toCard = card ? ` Its card: [${basename(card)}](${relative('docs', card)}).` : ''
    return `## ${slug}

${titleOf(slug)} predicts ${predictionOf(slug)} and ${how}. Its paper and departures: [papers.md](papers.md#models), [${basename(file)}](../${file}).${decay}${toCard}

${optionsTable(optionsOf(model.config))}
`
  })
  return `# Models and their options

Made of the schemas in the code by \`npx vitest run test/docs -u\`; do not edit. On the command line \`hiddenSize\` is \`--hidden-size\`.

${sections.join('\n')}
## Training options

${optionsTable(optionsOf(trainingConfig).filter(({ name }) => name in clickTrainingConfig.shape))}

Models that predict the next item have besides ([which loss when](losses.md)):

${optionsTable(optionsOf(trainingConfig).filter(({ name }) => !(name in clickTrainingConfig.shape)))}

Models that predict clicks have besides:

${optionsTable(optionsOf(clickTrainingConfig).filter(({ name }) => !(name in trainingConfig.shape)))}

## Split options

The flag for \`protocol\` is \`--split\`. For models that predict the next item:

${optionsTable(optionsOf(splitConfig))}

For models that predict clicks, where options without a default depend on the data:

${optionsTable(optionsOf(clickSplitConfig))}
`
}

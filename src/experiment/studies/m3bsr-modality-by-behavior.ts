/**
 * @file What M³BSR's gates take of pictures and of texts by behavior (the paper's Fig. 1), beside what the shop has
 * planted: clicks look at pictures first, favorites at topics.
 */
import { historyOf } from '../../dataset/histories.ts'
import { UserError } from '../../errors.ts'
import { bootstrapMeans, type Interval } from '../../evaluate/intervals.ts'
import { markdownTable, printInterval } from '../../evaluate/printing.ts'
import { plantedShares } from '../../simulate/sessions.ts'
import type { Experiment, Findings, TrainedCell } from '../experiment.ts'
import { overSeeds } from '../figures/rank-results.ts'
import { rounded } from '../figures/results.ts'
import { evaluationSeed } from '../terms.ts'
import { compared, m3bsrOn, spent } from './m3bsr-comparisons.ts'

/** The slots of a behavior, in M³BSR's order where items have pictures and texts. */
const modalities = ['id', 'image', 'text'] as const
type Modality = (typeof modalities)[number]

/** The gates by behavior and modality. */
export const m3bsrModalityByBehavior: Experiment = {
  name: 'm3bsr-modality-by-behavior',
  title: 'Pictures and texts by behavior, the simulated shop',
  about:
    'How much of each behavior’s pictures and texts M³BSR’s gates let through on the simulated shop, beside the shares by which the shop itself draws clicks and favorites.',
  guess: { hours: 0.3, from: `${spent}; the cells are those of m3bsr-table2` },
  comparisons: (wanted) => [compared(wanted, 'shop', { title: 'Shop', variants: [m3bsrOn('shop')] })],
  look: async (cells) => {
    const seeds: Gates[] = []
    for (const cell of cells) seeds.push(await gatesOf(cell))
    return findingsOf(seeds)
  },
}

/** What the gates let through of each slot, for each user: by behavior and modality, [users]. */
export type Gates = Readonly<Record<string, Readonly<Record<Modality, number[]>>>>

async function gatesOf({ open }: TrainedCell): Promise<Gates> {
  await using run = await open()
  const { scorer, dataset } = run
  const { behaviors } = dataset.manifest
  const own: Gates = Object.fromEntries(behaviors.map((name) => [name, { id: [], image: [], text: [] }]))
  for (let user = 1; user < dataset.userIds.length; user++) {
    const { gates } = 'reasons' in scorer ? await scorer.reasons(historyOf(dataset.events, user)) : {}
    if (gates?.length !== behaviors.length * modalities.length) {
      const expected = 'M³BSR with gates, on items with pictures and texts'
      throw new UserError({ where: run.folder, problem: 'unsupported', value: scorer.slug, expected })
    }
    for (const [behavior, name] of behaviors.entries())
      for (const [at, modality] of modalities.entries())
        own[name]?.[modality].push(1 - (gates[behavior * modalities.length + at] as number))
  }
  return own
}

/** What the gates of several seeds say, over users. */
export function findingsOf(seeds: readonly Gates[]): Findings {
  const behaviors = Object.keys(seeds[0] ?? {})
  const mean = (behavior: string, modality: Modality): number[] =>
    overSeeds(seeds.map((gates) => gates[behavior]?.[modality] ?? []))
  const columns = behaviors.map((behavior) => {
    const [id, image, text] = modalities.map((modality) => mean(behavior, modality)) as [number[], number[], number[]]
    return { id, image, text, share: image.map((value, user) => value / (value + (text[user] as number))) }
  })
  const parts = ['id', 'image', 'text', 'share'] as const
  const users = columns[0]?.id.map((_, user) => user) ?? []
  const [first, last] = [columns[0]?.share ?? [], columns.at(-1)?.share ?? []]
  const less = first.map((value, user) => value - (last[user] as number))
  const all = [...columns.flatMap((column) => parts.map((part) => column[part])), less]
  const intervals = bootstrapMeans(all, users, { seed: evaluationSeed })
  const of = (behavior: number, part: number): Interval => intervals[behavior * parts.length + part] as Interval
  const planted = (behavior: string) => plantedShares[behavior as keyof typeof plantedShares]
  const difference = intervals.at(-1) as Interval
  const told = ({ mean, low = mean, high = mean }: Interval) => [mean, low, high].map(rounded)
  const page = [
    'A slot mixes the common interest, by its gate g, with what is particular to one behavior and modality, by 1 - g. The table has 1 - g, averaged over features, seeds and users; the picture’s share is that of the picture among picture and text. The shop draws a click 80 times as often where the picture shows the wanted style, and 40 times as often where the topic is the wanted one; for a favorite it is the other way round. Planted is the picture’s share of the logarithms of these two factors.',
    markdownTable(
      ['behavior', '1 - g of ids', 'of pictures', 'of texts', 'picture’s share', 'planted'],
      behaviors.map((name, behavior) => [
        name,
        ...parts.map((_, part) => printInterval(of(behavior, part), 4)),
        planted(name)?.image.toFixed(4) ?? '-',
      ]),
    ),
    `The picture’s share of ${behaviors[0]} less that of ${behaviors.at(-1)}: ${printInterval(difference, 4)}, user by user.`,
  ].join('\n\n')
  const gates = behaviors.map((x, behavior) => ({ x, ...of(behavior, parts.length - 1) }))
  const lines = behaviors.map((name, behavior) => ({
    behavior: name,
    ...Object.fromEntries(parts.map((part, at) => [part, told(of(behavior, at))])),
    planted: rounded(planted(name)?.image ?? Number.NaN),
  }))
  return {
    page,
    lines: [...lines, { difference: told(difference) }],
    plot: {
      title: m3bsrModalityByBehavior.title,
      panels: [
        {
          title: 'Share of the picture among picture and text',
          x: 'behavior',
          y: 'share',
          series: [
            { name: 'gates', points: gates },
            {
              name: 'planted',
              points: behaviors.flatMap((x) => {
                const share = planted(x)?.image
                return share === undefined ? [] : [{ x, mean: share }]
              }),
            },
          ],
        },
      ],
    },
  }
}

/** @file An audit in words: what text, page, CSV and JSON all say. */
import type { Dataset } from '../dataset/schema.ts'
import type { Audit } from './audit.ts'
import type { ClickSuspect } from './click-suspects.ts'
import { leastTold } from './contrast.ts'
import type { PictureSuspect } from './picture-suspects.ts'

/** An event that may not have been meant. */
export interface ToldClick {
  readonly user: string
  readonly item: string
  readonly title: string
  readonly behavior: string
  /** As the dataset has it. */
  readonly time: number
  readonly chance: number
  /** Sentences. */
  readonly evidence: readonly string[]
  /** The items of the user's nearest other events. */
  readonly near: readonly string[]
}

/** An item whose picture may be wrong. */
export interface ToldPicture {
  readonly item: string
  readonly title: string
  readonly chance: number
  readonly evidence: readonly string[]
  /** Items that it would be expected to look like. */
  readonly expected: readonly string[]
}

/** An audit in words; JSON can hold it. */
export interface ToldAudit {
  readonly name: string
  readonly least: number
  readonly clicks: {
    readonly behaviors: readonly string[]
    readonly judged: number
    readonly cleared: number
    readonly share: number
    /** The chance that one fits better than a stand-in. */
    readonly told: number
    /** Whether that is enough to judge by. */
    readonly canJudge: boolean
    readonly weights: Readonly<Record<string, number>>
    readonly suspects: readonly ToldClick[]
  }
  readonly pictures: {
    readonly judged: number
    readonly share: number
    /** The chance that one fits better than a stand-in. */
    readonly told: number
    /** Whether that is enough to judge by. */
    readonly canJudge: boolean
    readonly weights: Readonly<Record<string, number>>
    readonly suspects: readonly ToldPicture[]
  } | null
  readonly samePictures: readonly { readonly items: readonly string[]; readonly titles: readonly string[] }[]
  readonly accounts: readonly { readonly user: string; readonly events: number; readonly reasons: readonly string[] }[]
  readonly log: Audit['log']
}

/** Puts an audit into words. */
export function toldAudit(audit: Audit, dataset: Dataset): ToldAudit {
  const { manifest, catalog, userIds } = dataset
  const idOf = (item: number): string => catalog.ids[item] as string
  const { clicks, pictures } = audit
  const auxiliary = manifest.behaviors.filter((name) => manifest.behaviors.length === 1 || name !== manifest.target)
  return {
    name: manifest.name,
    least: audit.least,
    clicks: {
      behaviors: auxiliary,
      judged: clicks.judged,
      cleared: clicks.cleared,
      share: clicks.share,
      told: clicks.told,
      canJudge: clicks.told >= leastTold,
      weights: clicks.weights,
      suspects: clicks.suspects.map((suspect) => toldClick(suspect, dataset)),
    },
    pictures: pictures && {
      judged: pictures.judged,
      share: pictures.share,
      told: pictures.told,
      canJudge: pictures.told >= leastTold,
      weights: pictures.weights,
      suspects: pictures.suspects.map((suspect) => toldPicture(suspect, dataset, pictures.weights)),
    },
    samePictures: audit.samePictures.map((items) => ({
      items: items.map(idOf),
      titles: items.map((item) => catalog.titles[item] as string),
    })),
    accounts: audit.accounts.map(({ user, ...told }) => ({ ...told, user: userIds[user] as string })),
    log: audit.log,
  }
}

const unlike: Readonly<Record<string, string>> = {
  together: 'other users seldom touch it with the rest: less than for',
  image: 'it looks unlike the rest: less alike than',
  text: 'its title is unlike the rest: less alike than',
}
/** A share in whole percent, never more than is sure. */
const most = (share: number): string => `${Math.min(99, Math.round(100 * share))} %`

function toldClick(suspect: ClickSuspect, { events, userIds, catalog, manifest }: Dataset): ToldClick {
  const { row, chance, fits, dwell, bounce, moved, near } = suspect
  const item = events.item[row] as number
  const worst = Object.entries(fits)
    .filter(([, fit]) => fit < 0.5)
    .sort(([, a], [, b]) => a - b)
    .map(([source, fit]) => `${unlike[source]} ${most(1 - fit)} of the events`)
  return {
    user: userIds[events.user[row] as number] as string,
    item: catalog.ids[item] as string,
    title: catalog.titles[item] as string,
    behavior: manifest.behaviors[events.behavior[row] as number] as string,
    time: events.time[row] as number,
    chance: Number(chance.toFixed(3)),
    evidence: [
      ...worst,
      ...(dwell !== null && dwell < quick
        ? [`the next event came ${dwell < 1 ? 'within a second' : `after ${Math.round(dwell)} s`}`]
        : []),
      ...(bounce ? ['it is the only event of its visit'] : []),
      ...(moved === undefined || moved < 0.5
        ? []
        : [`the model's denoising moved it farther than ${most(moved)} of the others`]),
    ],
    near: near.map((other) => catalog.ids[events.item[other] as number] as string),
  }
}

/** Seconds. */
const quick = 10

function toldPicture(
  { item, chance, fits, company, alike }: PictureSuspect,
  { catalog, manifest }: Dataset,
  weights: Readonly<Record<string, number>>,
): ToldPicture {
  const idOf = (other: number): string => catalog.ids[other] as string
  const sentences: Readonly<Record<string, string>> = {
    agreement: 'picture and title agree less than',
    'text neighbors': 'it looks less like items with a similar title than',
    company: `it looks less like what is touched around a ${manifest.target} of it than`,
  }
  const [byCompany, byText] = ['company', 'agreement'].map((signal) => weights[signal] ?? 0) as [number, number]
  return {
    item: idOf(item),
    title: catalog.titles[item] as string,
    chance: Number(chance.toFixed(3)),
    evidence: Object.entries(fits)
      .filter(([signal, fit]) => fit < 0.5 && (weights[signal] ?? 0) > telling)
      .sort(([, a], [, b]) => a - b)
      .map(([signal, fit]) => `${sentences[signal]} ${most(1 - fit)} of the pictures`),
    expected: (byCompany > byText && company.length > 0 ? company : alike).map(idOf),
  }
}

/** A signal of less weight tells nothing on this data. */
const telling = 0.2

/** Why nothing is suspected, where nothing can be. */
export const cannotJudge = (what: string, told: number): string =>
  `${what} cannot be judged: they fit better than drawn stand-ins with a chance of only ${most(told)} (50 % is none at all). It takes more events, or vectors that tell more`

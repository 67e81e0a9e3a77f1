/** @file The noise audit: what is suspicious in a dataset, ranked, with the evidence. */
import { type Pictures, readPictures } from '../dataset/pictures.ts'
import type { Dataset } from '../dataset/schema.ts'
import type { Suspects } from '../storage/suspects-file.ts'
import { type AccountSuspect, accountSuspects } from './account-suspects.ts'
import { type ClickFindings, clickSuspects } from './click-suspects.ts'
import { leastTold } from './contrast.ts'
import { type LogFinding, logFindings } from './log-findings.ts'
import { type PictureFindings, pictureSuspects } from './picture-suspects.ts'
import { type SamePicture, samePictures } from './same-pictures.ts'

/** What was found; rows and items are those of the dataset. */
export interface Audit {
  /** The chance from which on an event or picture is a suspect. */
  readonly least: number
  readonly clicks: ClickFindings
  /** Null where no item has a vector of its picture. */
  readonly pictures: PictureFindings | null
  readonly samePictures: readonly SamePicture[]
  readonly accounts: readonly AccountSuspect[]
  readonly log: readonly LogFinding[]
}

/** How to audit. */
export interface AuditOptions {
  /** The least chance of a suspect; 0.5 by default. */
  readonly least?: number
  /** By row, how far a model's denoising moved the event. */
  readonly moved?: Float64Array | undefined
  /** Where the pictures lie; by default where the dataset was prepared from. */
  readonly pictures?: Pictures
  readonly report?: (line: string) => void
}

/** Audits a dataset. */
export async function auditDataset(dataset: Dataset, options: AuditOptions = {}): Promise<Audit> {
  const { least = 0.5, moved, report = () => undefined } = options
  const pictures = options.pictures ?? (await readPictures(dataset))
  report('comparing events with the histories they are in')
  const clicks = ifTold(clickSuspects(dataset, least, moved))
  report('comparing pictures with the items they are of')
  const ofPictures = pictureSuspects(dataset, least)
  report(`looking for pictures that items share: ${pictures.count} files`)
  return {
    least,
    clicks,
    pictures: ofPictures && ifTold(ofPictures),
    samePictures: await samePictures(dataset, pictures),
    accounts: accountSuspects(dataset, clicks.told < leastTold ? clicks.chances.fill(Number.NaN) : clicks.chances),
    log: logFindings(dataset),
  }
}

/** Without suspects where too little is known to name any. */
function ifTold<Findings extends { told: number; suspects: readonly unknown[] }>(findings: Findings): Findings {
  return findings.told < leastTold ? { ...findings, suspects: [] } : findings
}

const rounded = (chance: number): number => Number(chance.toFixed(3))

/** An event as a file of suspects names it. */
export function suspectEvent({ manifest, events, userIds, catalog }: Dataset, row: number): Suspects['events'][number] {
  return {
    user: userIds[events.user[row] as number] as string,
    item: catalog.ids[events.item[row] as number] as string,
    behavior: manifest.behaviors[events.behavior[row] as number] as string,
    time: events.time[row] as number,
  }
}

/** The suspects that `prepare --drop` would leave out. */
export function suspectsOf(audit: Audit, dataset: Dataset): Suspects {
  const { manifest, userIds, catalog } = dataset
  return {
    format: 'siftrec-suspects',
    version: 1,
    dataset: manifest.name,
    events: audit.clicks.suspects.map(({ row, chance }) => ({
      ...suspectEvent(dataset, row),
      chance: rounded(chance),
    })),
    pictures: (audit.pictures?.suspects ?? []).map(({ item, chance }) => ({
      item: catalog.ids[item] as string,
      chance: rounded(chance),
    })),
    users: audit.accounts.map(({ user, reasons }) => ({ user: userIds[user] as string, why: reasons.join('; ') })),
  }
}

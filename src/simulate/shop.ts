/**
 * @file The simulated shop on disk: a log, a catalog with pictures and titles, a mapping for `siftrec prepare`, and the
 * planted truth.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import type { Dataset } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { randomStream } from '../random/stream.ts'
import { buildFolder } from '../storage/folders.ts'
import { drawPicture } from './picture.ts'
import { makeEvents, type TrueEvent } from './sessions.ts'
import { makerNames, titleOf } from './titles.ts'
import { makeItems, type ShopSettings, shopDefaults, type TrueItem } from './world.ts'

const truthSchema = z.strictObject({
  settings: z.record(z.string(), z.number()),
  items: z.array(
    z.strictObject({
      id: z.string(),
      style: z.int(),
      topic: z.int(),
      pictured: z.int(),
      wrongPicture: z.boolean(),
      popularity: z.number(),
    }),
  ),
  users: z.array(
    z.strictObject({
      id: z.string(),
      styles: z.array(z.int()),
      topics: z.array(z.int()),
      interests: z.array(z.strictObject({ style: z.int(), topic: z.int() })),
    }),
  ),
  /** User, item and time of each accidental click. */
  accidental: z.array(z.tuple([z.string(), z.string(), z.number()])),
})
/** The planted truth. */
export type Truth = z.infer<typeof truthSchema>

const truthFile = 'truth.json'
const mapping = `# How the simulated shop's files are to be read.
name: shop
noun: { one: product, many: products }
behaviors: [click, favorite]
target: favorite
items:
  images: images
  image: '{image}'
  fields: { brand: brand }
`

/**
 * Writes a shop to a new folder: events.csv, items.csv, images/, shop.yaml and truth.json. The same settings write the
 * same bytes.
 * @throws UserError `duplicate` when the folder exists, `busy` while another process writes it
 */
export function simulateShop(
  out: string,
  settings: Partial<ShopSettings> = {},
): Promise<{ events: number; accidental: number }> {
  const refuse = (): never => {
    const hint = 'choose another folder'
    throw new UserError({ where: out, problem: 'duplicate', value: 'the folder already exists', hint })
  }
  return buildFolder(out, refuse, async (folder) => {
    const whole = { ...shopDefaults, ...settings }
    const items = makeItems(whole)
    const { events, users } = makeEvents(whole, items)
    const accidental = events.filter((event) => event.accidental)
    const truth: Truth = {
      settings: { ...whole },
      items,
      users,
      accidental: accidental.map(({ user, item, time }) => [user, idOf(items, item), time]),
    }
    mkdirSync(join(folder, 'images'))
    writeFileSync(join(folder, 'events.csv'), eventLines(events, items))
    writeFileSync(join(folder, 'items.csv'), await writeItems(join(folder, 'images'), whole.seed, items))
    writeFileSync(join(folder, 'shop.yaml'), mapping)
    writeFileSync(join(folder, truthFile), JSON.stringify(truth))
    return { events: events.length, accidental: accidental.length }
  })
}

const idOf = (items: readonly TrueItem[], at: number): string => (items[at] as TrueItem).id

function eventLines(events: readonly TrueEvent[], items: readonly TrueItem[]): string {
  const lines = events.map(({ user, item, behavior, time }) => `${user},${idOf(items, item)},${behavior},${time}`)
  return `user,item,behavior,time\n${lines.join('\n')}\n`
}

/** Draws every picture and returns the item table. */
async function writeItems(folder: string, seed: number, items: readonly TrueItem[]): Promise<string> {
  const lines = ['id,title,brand,image']
  for (const [at, { id, topic, pictured }] of items.entries()) {
    const random = randomStream(seed, 'look', at)
    const maker = makerNames[random.integer(makerNames.length)] as string
    lines.push(`${id},"${titleOf(topic, maker, at + 1, random)}",${maker},${id}.png`)
    writeFileSync(join(folder, `${id}.png`), await drawPicture(pictured, random))
  }
  return `${lines.join('\n')}\n`
}

/** Reads the planted truth. @throws UserError `missing` or `corrupted` when the folder is not a simulated shop */
export function readTruth(folder: string): Truth {
  const path = join(folder, truthFile)
  if (!existsSync(path))
    throw new UserError({
      where: folder,
      problem: 'missing',
      value: truthFile,
      hint: 'make a shop with: siftrec simulate --out FOLDER',
    })
  const parsed = truthSchema.safeParse(parseJson(path))
  if (parsed.success) return parsed.data
  throw new UserError({ where: path, problem: 'corrupted', value: parsed.error.issues[0]?.message ?? 'unreadable' })
}

function parseJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new UserError({ where: path, problem: 'corrupted', value: (error as Error).message })
  }
}

/** For each event row of a dataset prepared from the shop: 1 if it is an accidental click. */
export function accidentalOf({ events, userIds, catalog, manifest }: Dataset, { accidental }: Truth): Uint8Array {
  const planted = new Set(accidental.map((event) => event.join('\n')))
  const click = manifest.behaviors.indexOf('click')
  return Uint8Array.from(events.item, (item, row) => {
    const event = [userIds[events.user[row] as number], catalog.ids[item], events.time[row]].join('\n')
    return events.behavior[row] === click && planted.has(event) ? 1 : 0
  })
}

/** For each item of a dataset prepared from the shop, [items + 1]: 1 if its picture is of a style not its own. */
export function wrongPicturesOf({ catalog }: Pick<Dataset, 'catalog'>, { items }: Truth): Uint8Array {
  const wrong = new Set(items.flatMap(({ id, wrongPicture }) => (wrongPicture ? [id] : [])))
  return Uint8Array.from(catalog.ids, (id) => (wrong.has(id) ? 1 : 0))
}

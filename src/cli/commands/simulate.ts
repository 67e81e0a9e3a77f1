/** @file `siftrec simulate`: a shop with planted tastes and planted noise, as files for `siftrec prepare`. */
import { relative, resolve } from 'node:path'
import { Command } from 'commander'
import { type ShopSettings, shopBytes, shopDefaults } from '../../simulate/world.ts'
import { tellMemory } from '../memory.ts'
import { share, whole } from '../values.ts'

/** A folder for the dataset that is not the shop's own, nor in it. */
function datasetBeside(shop: string): string {
  const usual = 'data/shop'
  const apart =
    relative(resolve(shop), resolve(usual)).startsWith('..') && relative(resolve(usual), resolve(shop)).startsWith('..')
  return apart ? usual : `${shop.replace(/[/\\]+$/, '')}-data`
}

/** `simulate --out FOLDER` */
export function simulateCommand(): Command {
  const number = (flag: string, least?: number) => (text: string) => whole(flag, text, least)
  const { seed, users, items, sessions, accidentalShare, wrongPictureShare } = shopDefaults
  return new Command('simulate')
    .description(
      'write a simulated shop: a log, a catalog with pictures and titles, and which clicks and pictures are noise',
    )
    .requiredOption('--out <folder>', 'the folder to write; it must not exist yet')
    .option('--seed <number>', 'seed of all random draws', number('--seed', 0), seed)
    .option('--users <number>', 'how many users', number('--users'), users)
    .option('--items <number>', 'how many items', number('--items', 100), items)
    .option('--sessions <number>', 'mean number of visits of a user', number('--sessions'), sessions)
    .option(
      '--accidental-share <share>',
      'share of the clicks that are accidental, from 0 to below 1',
      (text) => share('--accidental-share', text),
      accidentalShare,
    )
    .option(
      '--wrong-picture-share <share>',
      'share of the items with a picture of another style, from 0 to below 1',
      (text) => share('--wrong-picture-share', text),
      wrongPictureShare,
    )
    .action(async ({ out, ...settings }: ShopSettings & { out: string }) => {
      tellMemory(shopBytes(settings))
      const { simulateShop } = await import('../../simulate/shop.ts')
      const { events, accidental } = await simulateShop(out, settings)
      process.stdout.write(`${events} events, ${accidental} of them accidental clicks; saved in ${out}; next:
siftrec prepare --events ${out}/events.csv --items ${out}/items.csv --config ${out}/shop.yaml --out ${datasetBeside(out)}
`)
    })
}

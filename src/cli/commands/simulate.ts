/** @file `siftrec simulate`: a shop with planted tastes and planted noise, as files to prepare. */
import { Command } from 'commander'
import { simulateShop } from '../../simulate/shop.ts'
import { type ShopSettings, shopDefaults } from '../../simulate/world.ts'
import { share, whole } from '../values.ts'

/** `simulate --out FOLDER` */
export function simulateCommand(): Command {
  const number = (flag: string, least?: number) => (text: string) => whole(flag, text, least)
  const { seed, users, items, sessions, accidentalShare, wrongPictureShare } = shopDefaults
  return new Command('simulate')
    .description('write a simulated shop: a log, a catalog with pictures and titles, and the planted truth')
    .requiredOption('--out <folder>', 'the folder to make')
    .option('--seed <number>', 'draws everything', number('--seed', 0), seed)
    .option('--users <number>', 'users', number('--users'), users)
    .option('--items <number>', 'items', number('--items', 100), items)
    .option('--sessions <number>', 'visits of a user, on average', number('--sessions'), sessions)
    .option(
      '--accidental-share <share>',
      'share of the clicks that are accidental',
      (text) => share('--accidental-share', text),
      accidentalShare,
    )
    .option(
      '--wrong-picture-share <share>',
      'share of the items with a wrong picture',
      (text) => share('--wrong-picture-share', text),
      wrongPictureShare,
    )
    .action(async ({ out, ...settings }: ShopSettings & { out: string }) => {
      const { events, accidental } = await simulateShop(out, settings)
      process.stdout.write(`${events} events, ${accidental} of them accidental clicks; saved in ${out}; next:
siftrec prepare --events ${out}/events.csv --items ${out}/items.csv --config ${out}/shop.yaml --out data/shop
`)
    })
}

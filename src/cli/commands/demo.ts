/**
 * @file `siftrec demo`: a simulated shop, four models trained on it, their figures, and whether denoising finds the
 * planted noise.
 */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { demoShop } from '../../simulate/world.ts'
import type { DemoSettings } from '../demo.ts'
import type { ServeCommand } from '../demo-page.ts'
import { exitCodes } from '../failure.ts'
import { interruptible } from '../interrupt.ts'
import { whole } from '../values.ts'

interface Flags extends DemoSettings {
  readonly out?: string
  readonly serve: boolean
}

/** `demo`. @param serve runs the command that serves what the demo made */
export function demoCommand(serve: ServeCommand): Command {
  return new Command('demo')
    .description(
      'simulate a shop, train four models on it and print how good they are; works offline, takes two minutes',
    )
    .option('--out <folder>', 'folder for the shop, the dataset and the trained models; by default a temporary folder')
    .option('--seed <number>', 'seed of the shop and of training', (text) => whole('--seed', text, 0), demoShop.seed)
    .option('--epochs <number>', 'train each model for at most this many epochs, to finish sooner', (text) =>
      whole('--epochs', text),
    )
    .option('--no-serve', 'end after the figures; otherwise, in a terminal, a page on the trained model follows')
    .action(async (flags: Flags) => {
      const { demo, say } = await import('../demo.ts')
      const { durationText } = await import('../../runs/progress.ts')
      const began = performance.now()
      const folder = flags.out ?? mkdtempSync(join(tmpdir(), 'siftrec-demo-'))
      if (!(await interruptible((signal) => demo(folder, flags, signal)))) {
        process.exitCode = exitCodes.interrupted
        return
      }
      say(`\nthat took ${durationText((performance.now() - began) / 1e3)}; everything is in ${folder}, next:`)
      const run = join(folder, 'runs', 'm3bsr')
      say(`siftrec recommend ${run} --user user1`)
      const terminal = process.stdin.isTTY && process.stdout.isTTY
      const { serveDemo } = await import('../demo-page.ts')
      await serveDemo(run, { wanted: flags.serve, terminal, serve, say })
    })
}

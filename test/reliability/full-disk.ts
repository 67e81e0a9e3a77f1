/** @file Disks of a few hundred kilobytes: a command on one ends well, or in a sentence that leaves what was there. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { loadDataset } from '../../src/dataset/load.ts'
import { commands, isOneSentence, isSame, type Place } from './place.ts'

/** What came of the commands on small disks. */
export interface DiskCount {
  readonly tries: number
  readonly endedWell: number
  readonly refused: number
  readonly wrong: readonly string[]
}

/** Runs commands on disks of several sizes; undefined where no disk may be mounted. */
export async function fillDisks(place: Place): Promise<DiskCount | undefined> {
  let [tries, endedWell, refused] = [0, 0, 0]
  const wrong: string[] = []
  for (const kilobytes of [64, 128, 192, 256, 384, 512, 768, 1024, 2048, 8192]) {
    const disk = join(place.folder, `disk-${kilobytes}`)
    if (!mounted(disk, kilobytes)) return undefined
    try {
      const old = join(disk, 'old')
      const fits = copied(join(place.folder, 'reference-data'), old)
      const trials: [readonly string[], string][] = [
        [commands.simulate(join(disk, 'shop')), 'shop'],
        [commands.prepare(join(disk, 'new')), 'new'],
        ...(fits ? [[[...commands.prepare(old), '--overwrite'], 'old'] as [string[], string]] : []),
        [commands.train(join(disk, 'run')), 'run'],
      ]
      for (const [args, name] of trials) {
        tries++
        const ended = await place.run(args)
        if (ended.code === 0) endedWell++
        else if (isOneSentence(ended)) refused++
        else wrong.push(`${kilobytes} kB, ${args[0]}: ${ended.stderr.slice(-300)}`)
        if (ended.code !== 0 && name !== 'old' && name !== 'run' && existsSync(join(disk, name)))
          wrong.push(`${kilobytes} kB, ${args[0]}: left half of ${name}`)
        const left = readdirSync(disk).filter((entry) => entry.includes('siftrec'))
        if (left.length > 0) wrong.push(`${kilobytes} kB, ${args[0]}: left ${left.join(', ')}`)
        if (fits) {
          await loadDataset(old).catch((error: unknown) => wrong.push(`the old dataset is lost: ${String(error)}`))
          if (!isSame(old, join(place.folder, 'reference-data'))) wrong.push('the old dataset changed')
        }
        if (name !== 'old') execFileSync('rm', ['-rf', join(disk, name)])
      }
    } finally {
      execFileSync('umount', [disk])
    }
  }
  return { tries, endedWell, refused, wrong }
}

function mounted(disk: string, kilobytes: number): boolean {
  mkdirSync(disk, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', disk], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function copied(from: string, to: string): boolean {
  try {
    cpSync(from, to, { recursive: true })
    return true
  } catch {
    execFileSync('rm', ['-rf', to])
    return false
  }
}

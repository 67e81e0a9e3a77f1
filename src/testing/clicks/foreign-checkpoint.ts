/** @file A run whose `model.safetensors` belongs to another model is refused. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { runFiles } from '../../learn/loop.ts'
import { openRun } from '../../runs/open-run.ts'
import { fingerprintOf } from '../../runs/run-settings.ts'
import { trainRun } from '../../runs/train-run.ts'
import { encodeSafetensors, readSafetensors } from '../../storage/safetensors.ts'
import { smallShop } from './shop.ts'

/** Expects a run of a registered model to open with its own parameters, and with no others. */
export async function expectForeignRefused(slug: string, config: Readonly<Record<string, unknown>>): Promise<void> {
  const { dataset } = smallShop()
  const folder = mkdtempSync(join(tmpdir(), 'foreign-'))
  const split = { source: 'drawn', protocol: 'time' } as const
  const training = { epochs: 1, threads: 1 }
  const [own, other] = [join(folder, 'own'), join(folder, 'other')]
  const refused = { parts: { where: join(own, runFiles.model), problem: 'mismatched' } }
  try {
    const { run } = await trainRun({ model: slug, dataset, out: own, config, training, split })
    await trainRun({ model: slug === 'lr' ? 'fm' : 'lr', dataset, out: other, training, split })
    await using opened = await openRun(own, { dataset })
    expect(opened.run).toEqual(run)
    const foreign = join(other, runFiles.model)
    copyFileSync(foreign, join(own, runFiles.model))
    await expect(openRun(own, { dataset })).rejects.toMatchObject(refused)
    // It is refused for its parameters too, where somebody gave it the run's fingerprint.
    const { tensors, metadata } = readSafetensors(foreign)
    const forged = encodeSafetensors(tensors, { ...metadata, run: fingerprintOf(run) })
    writeFileSync(join(own, runFiles.model), forged)
    await expect(openRun(own, { dataset })).rejects.toMatchObject(refused)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

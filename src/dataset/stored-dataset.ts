/** @file Prepared datasets in S3-compatible storage: for hosts that share no folder. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../errors.ts'
import { buildFolder, makeFolder } from '../storage/folders.ts'
import { waitForLock } from '../storage/lock.ts'
import type { Objects } from '../storage/s3.ts'
import { type FolderPair, putFolder, storedNames, takeFolder } from '../storage/stored-folder.ts'
import { readManifest } from './load.ts'

/** The last file of a dataset: without it the others are none. */
const manifest = 'manifest.json'

/** Copies a dataset from there, unless it is here. @throws UserError `missing` where it is not there */
export async function takeDataset(objects: Objects, { folder, address }: FolderPair): Promise<void> {
  const isHere = (): boolean => existsSync(join(folder, manifest))
  if (isHere()) return
  makeFolder(join(folder, '..'))
  await using _ = await waitForLock(`${folder}.lock`)
  if (isHere()) return
  await buildFolder(
    folder,
    () => undefined,
    async (partial) => {
      if (!(await takeFolder(objects, { folder: partial, address }))) throw noData(address)
    },
  )
}

/** Puts a dataset there, unless it is there. */
export async function putDataset(objects: Objects, pair: FolderPair): Promise<void> {
  if ((await storedNames(objects, pair.address)).has(manifest)) return
  await putFolder(objects, pair, [...Object.keys(readManifest(pair.folder).files), manifest])
}

const noData = (where: string): UserError =>
  new UserError({
    where,
    problem: 'missing',
    value: 'the dataset of a job',
    hint: 'start the command that asks for the jobs again: it puts the dataset there',
  })

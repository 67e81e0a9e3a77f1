/**
 * @file Writes folders that are either whole or as they were: built beside their place under a lock, then renamed; and
 * puts right what a killed command left between two renames.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { access, constants, mkdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { UserError } from '../errors.ts'
import { inFileWords, isReadOnly } from './file-errors.ts'
import { takeLock } from './lock.ts'

/** The lock of a folder that is written in place. */
export const lockIn = (folder: string): string => join(folder, '.siftrec-lock')

/** What lies beside a folder while it is built: names that are nobody else's. */
function besides(folder: string): { lock: string; building: string; old: string } {
  const named = (what: string): string => join(dirname(folder), `.${basename(folder)}.siftrec-${what}`)
  return { lock: named('lock'), building: named('new'), old: named('old') }
}

/**
 * Makes a folder and those above it that are missing. (Node's own recursive mkdir never returns from `/proc`.)
 * @throws UserError `invalid` when a part of the path is a file, or may not be written
 */
export function makeFolder(path: string): void {
  try {
    makeFolders(resolve(path))
  } catch (error) {
    throw inFileWords(error, path)
  }
}

function makeFolders(path: string): void {
  try {
    mkdirSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
    if (code !== 'ENOENT' || existsSync(dirname(path))) throw error
    makeFolders(dirname(path))
    mkdirSync(path)
  }
}

/**
 * Makes a folder that may also be done without, and tells whether it may be written.
 * @throws UserError when another thing is in its place
 */
export async function isWritable(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true })
    await access(folder, constants.W_OK)
    return true
  } catch (error) {
    if (isReadOnly(error)) return false
    throw inFileWords(error, folder)
  }
}

/**
 * Builds a folder beside its place and puts it there at once: until then, and after an error or a kill, what was there
 * is as it was. One process at a time.
 * @param mayReplace throws when what is in the place must not be replaced; an empty folder always may be
 * @param build writes into the folder that it is given
 * @throws UserError `busy` while another process builds it, `invalid` when it cannot be written
 */
export async function buildFolder<T>(
  out: string,
  mayReplace: (folder: string) => void | Promise<void>,
  build: (folder: string) => Promise<T>,
): Promise<T> {
  try {
    const folder = targetOf(out)
    makeFolders(dirname(folder))
    await using _ = await takeLock(besides(folder).lock, out)
    recover(folder)
    const there = existsSync(folder)
    if (there && !isEmptyFolder(folder)) await mayReplace(folder)
    return await replace(folder, there, build)
  } catch (error) {
    throw inFileWords(error, out)
  }
}

async function replace<T>(folder: string, there: boolean, build: (folder: string) => Promise<T>): Promise<T> {
  const { building, old } = besides(folder)
  try {
    mkdirSync(building)
    const result = await build(building)
    flush(building)
    if (there) renameSync(folder, old)
    renameSync(building, folder)
    rmSync(old, { recursive: true, force: true })
    return result
  } finally {
    rmSync(building, { recursive: true, force: true })
  }
}

/**
 * Puts right what a killed command left of a folder: if it stopped between moving the old one away and the new one in,
 * the old one comes back.
 */
export async function recoverFolder(path: string): Promise<void> {
  const folder = resolve(path)
  const { lock, old } = besides(folder)
  if (existsSync(folder) || !existsSync(old)) return
  await using _ = await takeLock(lock, path)
  recover(folder)
}

function recover(folder: string): void {
  const { building, old } = besides(folder)
  if (existsSync(old) && !existsSync(folder)) renameSync(old, folder)
  for (const left of [old, building]) rmSync(left, { recursive: true, force: true })
}

/** The folder that a path means: where a link leads, so that the link itself stays. */
function targetOf(out: string): string {
  const path = resolve(out)
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return path
  try {
    return realpathSync(path)
  } catch {
    throw new UserError({ where: out, problem: 'invalid', value: 'a link that leads nowhere', expected: 'a folder' })
  }
}

const isEmptyFolder = (path: string): boolean => statSync(path).isDirectory() && readdirSync(path).length === 0

/** Has the disk keep the files of a folder before its name changes: after a power failure they are not empty. */
function flush(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = openSync(join(folder, entry.name), 'r')
    try {
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  }
}

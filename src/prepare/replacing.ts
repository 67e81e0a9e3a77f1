/** @file What `--overwrite` may replace: a dataset of ours, with nothing else in it, that nothing is read from. */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'
import * as z from 'zod'
import { UserError } from '../errors.ts'
import { parsedJson } from '../storage/json.ts'

/** As much of a manifest as is needed, also of one by another version. */
const replaceable = z.looseObject({
  format: z.literal('siftrec-dataset'),
  files: z.record(z.string(), z.unknown()),
})
/** What may lie in a dataset beside the files of its manifest: what runs computed from it, and what a desktop adds. */
const besides = ['manifest.json', 'offline', '.DS_Store']
const offlineFile = /\.safetensors$|\.siftrec-(partial|lock)$/

/**
 * Refuses to replace a folder that is more, or other, than a dataset of ours.
 * @param where the folder as the user calls it
 * @param inputs the files and folders that the new dataset is made from
 * @throws UserError `duplicate` for anything else, `invalid` when an input lies in it
 */
export function checkReplaceable(folder: string, where: string, inputs: readonly string[]): void {
  const hint = 'choose another folder for --out'
  const foreign = foreignOf(folder)
  if (foreign !== undefined) {
    const expected = 'a folder that holds a dataset of siftrec and nothing else'
    throw new UserError({ where, problem: 'duplicate', value: foreign, expected, hint })
  }
  const inside = inputs.find((input) => existsSync(input) && lies(realpathSync(input), realpathSync(folder)))
  if (inside !== undefined) {
    const value = `it holds ${inside}, which the new dataset is made from`
    throw new UserError({ where, problem: 'invalid', value, hint })
  }
}

/** What shows that a folder is not a dataset alone; undefined if nothing does. */
function foreignOf(folder: string): string | undefined {
  if (!statSync(folder).isDirectory()) return 'it is a file'
  const path = join(folder, 'manifest.json')
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() === true
  const manifest = replaceable.safeParse(isFile ? parsedJson(readFileSync(path, 'utf8')) : undefined)
  if (!manifest.success) return 'the folder holds no dataset'
  const ours = new Set([...besides, ...Object.keys(manifest.data.files)])
  const foreign = readdirSync(folder).find((name) => !ours.has(name))
  if (foreign !== undefined) return `the folder also holds ${foreign}`
  const offline = join(folder, 'offline')
  const beside = existsSync(offline) ? readdirSync(offline).find((name) => !offlineFile.test(name)) : undefined
  return beside === undefined ? undefined : `the folder also holds offline/${beside}`
}

const lies = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}${sep}`)

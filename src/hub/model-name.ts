/** @file A model by its name on a hub and a revision, and where such a model lies once it is fetched. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../errors.ts'

/** A model of a hub, at one commit. */
export interface HubModel {
  /** Owner and name, as `someone/clip-vit-base-patch32`. */
  readonly id: string
  /** The whole hash of a commit: what it names never changes. */
  readonly revision: string
}

const part = '[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?'
const pattern = new RegExp(`^(${part}/${part})@(.*)$`)

/**
 * Reads `OWNER/NAME@REVISION`.
 * @throws UserError `invalid` for another form, or a revision that is not a whole hash
 */
export function readHubModel(text: string): HubModel {
  const [, id, revision] = pattern.exec(text) ?? []
  const expected = 'OWNER/NAME@REVISION, the revision a commit of 40 hexadecimal digits'
  if (id === undefined || revision === undefined || id.includes('..'))
    throw new UserError({ where: 'model', problem: 'invalid', value: `"${text}"`, expected })
  if (!/^[0-9a-f]{40}$/.test(revision))
    throw new UserError({
      where: `model ${id}`,
      problem: 'invalid',
      value: `revision "${revision}"`,
      expected: 'a commit of 40 hexadecimal digits',
      hint: 'a branch or tag may mean another model tomorrow; the page of the model lists its commits',
    })
  return { id, revision }
}

/** Where a fetched model lies. */
export const placeOf = ({ id, revision }: HubModel, models: string): string => join(models, ...id.split('/'), revision)

/**
 * The folder that a user means: a folder as it is, or a model that was fetched before.
 * @throws UserError `missing` where there is neither
 */
export function modelFolderOf(text: string, models: string): string {
  if (existsSync(text)) return text
  if (!pattern.test(text))
    throw new UserError({
      where: '--model',
      problem: 'missing',
      value: `"${text}"`,
      expected: 'a folder with a model, or OWNER/NAME@REVISION of one that was fetched',
    })
  const folder = placeOf(readHubModel(text), models)
  if (existsSync(folder)) return folder
  const hint = `fetch it first: siftrec model fetch ${text}`
  throw new UserError({ where: '--model', problem: 'missing', value: `"${text}"`, expected: 'a fetched model', hint })
}

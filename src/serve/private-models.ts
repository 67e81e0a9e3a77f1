/** @file The served run as files with which a browser ranks by itself, in a folder that ends with the service. */
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { OpenRun } from '../runs/open-run.ts'
import { fingerprintOf } from '../runs/run-settings.ts'
import type { PrivateFile } from './service.ts'

/** Writes a run into a folder for browsers, whole or not at all. */
export type ExportsRun = (run: OpenRun, folder: string) => Promise<readonly { name: string; bytes: number }[]>

/** The files of one run. */
export interface PrivateFiles {
  /** Names this very model: files under another key are of another one. */
  readonly key: string
  readonly folder: string
  readonly files: readonly PrivateFile[]
}
/** Exports that were made. */
export interface PrivateModels extends Disposable {
  /** Made when it is first asked for. @throws UserError as `exportRun` */
  of(run: OpenRun): Promise<PrivateFiles>
}

/** Whoever loads one while another run is swapped in gets all of its files. */
const kept = 2
/** A page of its own and types are nothing that a browser needs to rank. */
const unneeded = ['index.html', 'recommend.d.ts']
/** A smaller file is sent as it is. */
const leastCompressed = 10_000

/** Keeps exports. */
export function privateModels(exportsRun: ExportsRun): PrivateModels {
  const made = new Map<string, Promise<PrivateFiles>>()
  let home: string | undefined
  const make = async (run: OpenRun, key: string): Promise<PrivateFiles> => {
    home ??= mkdtempSync(join(tmpdir(), 'siftrec-private-'))
    const folder = join(home, key)
    const needed = (await exportsRun(run, folder)).filter(({ name }) => !unneeded.includes(name))
    const files: PrivateFile[] = []
    for (const { name, bytes } of needed) files.push({ name, bytes, sent: await compressed(join(folder, name), bytes) })
    return { key, folder, files }
  }
  return {
    of(run) {
      const key = keyOf(run)
      const known = made.get(key)
      if (known) return known
      const making = make(run, key)
      made.set(key, making)
      making.catch(() => made.delete(key))
      for (const old of [...made.keys()].slice(0, -kept)) {
        made.delete(old)
        if (home !== undefined) rmSync(join(home, old), { recursive: true, force: true })
      }
      return making
    },
    [Symbol.dispose]() {
      if (home !== undefined) rmSync(home, { recursive: true, force: true })
    },
  }
}

/** The same in each process that serves; another one once the run was trained anew, or took items in. */
const keyOf = ({ run, trained, dataset }: OpenRun): string =>
  `${fingerprintOf(run).slice(0, 16)}-${trained.toString(36)}-${dataset.catalog.ids.length - 1}`

/** Lays a compressed copy beside a file. @returns how many bytes are sent of it */
async function compressed(path: string, bytes: number): Promise<number> {
  if (bytes < leastCompressed) return bytes
  const small = await promisify(gzip)(await readFile(path))
  await writeFile(`${path}.gz`, small)
  return small.length
}

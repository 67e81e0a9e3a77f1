/** @file Pages that commands write beside what they print. */
import { writeAtomically } from '../storage/atomic.ts'

/** Writes a page, and says so. */
export async function writePage(path: string, page: string): Promise<void> {
  await writeAtomically(path, page)
  process.stderr.write(`written: ${path}\n`)
}

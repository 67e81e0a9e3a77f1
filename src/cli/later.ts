/** @file What commands say of a dataset that was prepared after their run was trained. */
import type { OpenRun } from '../runs/open-run.ts'

/** What `--data` is. */
export const dataWords =
  "the dataset's folder, if it has moved since training, or one prepared later with the same mapping"

/** Says in a line what is new. */
export function tellLater({ later }: Pick<OpenRun, 'later'>): void {
  if (later) process.stderr.write(`${later.text}\n`)
}

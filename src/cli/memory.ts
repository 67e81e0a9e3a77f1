/** @file What commands say of the memory that they will take. */
import { isMuch, memoryText } from '../runs/memory-text.ts'

/** Says what the process will hold at the peak, where it is much. */
export function tellMemory(bytes: number): void {
  if (isMuch(bytes)) process.stderr.write(`${memoryText(bytes)}\n`)
}

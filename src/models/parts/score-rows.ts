/** @file The reused array of scores that a scorer hands out. */

/** Returns a function that gives a cleared [batch, itemCount + 1] array, the pad's column at -Infinity; the same memory each time. */
export function createScoreRows(itemCount: number): (batch: number) => Float32Array {
  const width = itemCount + 1
  let held = new Float32Array(0)
  return (batch) => {
    if (held.length < batch * width) held = new Float32Array(batch * width)
    const rows = held.subarray(0, batch * width).fill(0)
    for (let row = 0; row < batch; row++) rows[row * width] = Number.NEGATIVE_INFINITY
    return rows
  }
}

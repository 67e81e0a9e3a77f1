/** @file Numbers of the catalog as people wrote them: the catalog keeps them in 32 bits, and answers are in 64. */

/** The shortest decimal that is kept as this number of 32 bits: 11.63 for 11.630000114440918. */
export function shortestDecimal(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const decimal = Number(value.toPrecision(digits))
    if (Math.fround(decimal) === value) return decimal
  }
  // Nine digits tell any two numbers of 32 bits apart.
  return Number(value.toPrecision(9))
}

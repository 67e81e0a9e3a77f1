/** @file How much better one AUC is than another: the two figures that papers both call RelaImpr, told apart (R-D9). */

/**
 * RelaImpr of Yan et al. (ICML 2014): `(AUC - 0.5) / (base - 0.5) - 1`, how much more is gained over chance, whose AUC
 * is 0.5.
 *
 * AUC 0.7270 over a base of 0.6585: 0.2270 / 0.1585 - 1 = 43.22 %.
 *
 * @returns a share, 0.1 for 10 %; infinite or NaN for a base of 0.5, over which nothing can be said
 */
export function relaImpr(auc: number, base: number): number {
  return (auc - 0.5) / (base - 0.5) - 1
}

/**
 * The plain ratio `AUC / base - 1`: what Table 2 of Diff-MSIN prints as RelaImpr.
 *
 * AUC 0.7270 over a base of 0.6585: 0.7270 / 0.6585 - 1 = 10.40 %.
 *
 * @returns a share, 0.1 for 10 %
 */
export function aucRatio(auc: number, base: number): number {
  return auc / base - 1
}

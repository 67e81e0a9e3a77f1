/** @file What draws Diff-MSIN's synergy to a candidate that was clicked, and away from one that was not (eq. 13). */
import { linear } from '../../nn/linear.ts'
import { add, mul, sub } from '../../tensor/elementwise.ts'
import { concat } from '../../tensor/move.ts'
import type { Tensor } from '../../tensor/node.ts'
import { cosine } from './enhancement.ts'

/** How the loss is read (R-D5). */
export interface SynergyLossConfig {
  readonly expertSize: number
  readonly margin: number
  readonly printedSynergyLoss: boolean
}

/** What is compared. */
export interface SynergyLossInputs {
  /** E_syn [B, d_e] */
  readonly joined: Tensor
  /** The candidate's id embedding, picture and text, [B, ..]: E_target is a linear map of them to d_e. */
  readonly candidate: readonly Tensor[]
  readonly label_B: Tensor
  /** Adds up to 1. */
  readonly weight_B: Tensor
}

/** The loss, a scalar; parameters `synergy.target.*`. @param width of the candidate's vectors together */
export function synergyLoss(width: number, { expertSize, margin, printedSynergyLoss }: SynergyLossConfig) {
  const toTarget = linear('synergy.target', [width, expertSize])
  return ({ joined, candidate, label_B, weight_B }: SynergyLossInputs): Tensor => {
    const alike = cosine(joined, toTarget(concat(candidate, 1)))
    const near = mul(label_B, sub(1, alike))
    // As printed, max(0, -1 - cos) is 0 for every cosine.
    const far = printedSynergyLoss ? undefined : mul(sub(1, label_B), alike.sub(margin).relu())
    return mul(far ? add(near, far) : near, weight_B).sum()
  }
}

/** @file The noise schedule of the diffusion (R-M3), and the constants of a reverse step in scaled states. */

/** Constants of step t. The states are kept scaled, u_t = h_t / sqrt(abar_t), which takes a multiplication out of every step. */
export interface DiffusionStep {
  /** sqrt(abar_t): h_t = root * u_t. */
  readonly root: number
  /** sqrt((1 - abar_t) / abar_t): the forward state is u_t = h_0 + spread * noise (eq. 7). */
  readonly spread: number
  /** (1 - alpha_t) / sqrt((1 - abar_t) abar_t): u_{t-1} = u_t - pull * eps_t (eq. 8); 0 at t = 0. */
  readonly pull: number
}

/** Steps 0 to T of a schedule with beta_t linear from `betaStart` to `betaEnd`. */
export function diffusionSteps(count: number, betaStart: number, betaEnd: number): DiffusionStep[] {
  const steps: DiffusionStep[] = [{ root: 1, spread: 0, pull: 0 }]
  let kept = 1
  for (let t = 1; t <= count; t++) {
    const beta = count === 1 ? betaStart : betaStart + ((betaEnd - betaStart) * (t - 1)) / (count - 1)
    kept *= 1 - beta
    steps.push({
      root: Math.sqrt(kept),
      spread: Math.sqrt((1 - kept) / kept),
      pull: beta / Math.sqrt((1 - kept) * kept),
    })
  }
  return steps
}

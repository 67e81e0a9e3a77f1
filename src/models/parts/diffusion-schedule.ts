/** @file The noise schedule of a diffusion, and the constants of its reverse steps. */

/**
 * Constants of step t. Scaled states u_t = h_t / sqrt(abar_t) need no division by sqrt(alpha_t) in their reverse steps.
 */
export interface DiffusionStep {
  /** sqrt(abar_t): h_t = root * u_t. */
  readonly root: number
  /** sqrt((1 - abar_t) / abar_t): the forward state is u_t = h_0 + spread * noise. */
  readonly spread: number
  /** (1 - alpha_t) / sqrt(1 - abar_t): h_{t-1} = (h_t - pull * eps_t) / sqrt(alpha_t). */
  readonly pull: number
  /** pull / root: u_{t-1} = u_t - scaledPull * eps_t. */
  readonly scaledPull: number
}

/** Step 0: no noise was added. */
export const noiseless: DiffusionStep = { root: 1, spread: 0, pull: 0, scaledPull: 0 }

/** The steps 1 to T. @param alphas the share of variance that each step keeps */
export function diffusionSteps(alphas: readonly number[]): DiffusionStep[] {
  let kept = 1
  return alphas.map((alpha) => {
    kept *= alpha
    const root = Math.sqrt(kept)
    const pull = (1 - alpha) / Math.sqrt(1 - kept)
    return { root, spread: Math.sqrt((1 - kept) / kept), pull, scaledPull: pull / root }
  })
}

/** `count` values in equal steps from the first to the last; the first alone where there is one. */
export const linearSteps = (count: number, first: number, last: number): number[] =>
  Array.from({ length: count }, (_, at) => (count === 1 ? first : first + ((last - first) * at) / (count - 1)))

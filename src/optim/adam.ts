/** @file Adam over typed arrays, in place (Kingma & Ba, ICLR 2015, algorithm 1). */

/** Adam's settings. */
export interface AdamOptions {
  readonly learningRate: number
  readonly beta1?: number
  readonly beta2?: number
  readonly epsilon?: number
  /** Decoupled weight decay, times the learning rate (Loshchilov & Hutter, 2019). */
  readonly weightDecay?: number
}
/** What Adam remembers of one parameter: running means of the gradient and of its square. */
export interface AdamMoments {
  readonly first: Float32Array
  readonly second: Float32Array
}
/** A parameter with its gradient and moments. */
export interface AdamTarget extends AdamMoments {
  readonly values: Float32Array
  readonly gradient: Float32Array
}

/** What one step multiplies by. */
interface StepScale {
  readonly step: number
  readonly options: AdamOptions
  readonly rate: number
  readonly floor: number
}
let lastScale: StepScale | undefined

/** The scale of a step, remembered for the step's many calls: else the compiler may move both powers into the loop, which then takes 5 times as long. */
function scaleOf(step: number, options: AdamOptions): StepScale {
  if (lastScale?.step === step && lastScale.options === options) return lastScale
  const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options
  const correction = Math.sqrt(1 - beta2 ** step)
  lastScale = { step, options, rate: (learningRate * correction) / (1 - beta1 ** step), floor: epsilon * correction }
  return lastScale
}

/** One step over elements [begin, end); `step` counts from 1. Rows not touched by a sparse gradient may be left out (lazy Adam). */
export function adamStep(
  { values, gradient, first, second }: AdamTarget,
  step: number,
  options: AdamOptions,
  begin = 0,
  end = values.length,
): void {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, weightDecay = 0 } = options
  const { rate, floor } = scaleOf(step, options)
  const shrink = 1 - learningRate * weightDecay
  for (let index = begin; index < end; index++) {
    const g = gradient[index] as number
    const m = beta1 * (first[index] as number) + (1 - beta1) * g
    const v = beta2 * (second[index] as number) + (1 - beta2) * g * g
    first[index] = m
    second[index] = v
    values[index] = shrink * (values[index] as number) - (rate * m) / (Math.sqrt(v) + floor)
  }
}

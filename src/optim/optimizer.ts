/**
 * @file What an optimizer is to the training loop: how its state begins, and one step over a stretch of a parameter.
 */

/** A parameter with its gradient and what the optimizer remembers of it. */
export interface OptimizerTarget {
  readonly values: Float32Array
  readonly gradient: Float32Array
  /** As many arrays of the parameter's size as the optimizer has slots. */
  readonly state: readonly Float32Array[]
}

/** How parameters follow their gradients. */
export interface Optimizer {
  /** Names its arrays in checkpoints. Two optimizers of one name share their state. */
  readonly name: string
  /** What it remembers of each parameter, by name. */
  readonly slots: readonly string[]
  /** First values of a parameter's state, one array a slot. */
  init(size: number): readonly Float32Array[]
  /** One step over elements [begin, end), in place; `step` counts this optimizer's steps from 1. */
  update(target: OptimizerTarget, step: number, learningRate: number, begin: number, end: number): void
  /** In place of the run's learning rate. */
  readonly learningRate?: number
  /** Multiplies the learning rate of a parameter, by its name and the epoch, from 1; 1 by default. */
  readonly rateOf?: (parameter: string, epoch: number) => number
  /** Gradients whose length, over all parameters together, is above this are scaled down to it. */
  readonly clipNorm?: number
  /** L2 penalty on the rows that a step reads, of tables that steps read by rows alone: so many times a row is added to
   * its gradient. None by default. */
  readonly rowPenalty?: number
}

/** What every optimizer can be told. */
export type OptimizerOptions = Partial<Pick<Optimizer, 'name' | 'learningRate' | 'rateOf' | 'clipNorm' | 'rowPenalty'>>

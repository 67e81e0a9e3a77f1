/** @file Every experiment by its name. */
import { unknownName } from '../errors.ts'
import type { Experiment } from './experiment.ts'
import { shop, shopAblation, shopReadings } from './shop.ts'

/** All experiments, in the order they are listed. */
export const experiments: readonly Experiment[] = [shop, shopAblation, shopReadings]

/** The experiment of a name. @throws UserError `unknown`, with the nearest name as a hint */
export function experimentOf(name: string): Experiment {
  const found = experiments.find((known) => known.name === name)
  if (!found)
    throw unknownName(
      'experiment',
      name,
      experiments.map(({ name }) => name),
    )
  return found
}

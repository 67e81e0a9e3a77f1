/** @file How parameters begin. */
import type { Initializer } from '../tensor/node.ts'

/** All zeros. */
export const zeros: Initializer = () => {}
/** All of one value. */
export const filled =
  (value: number): Initializer =>
  (values) =>
    void values.fill(value)
/** Normal, by default with mean 0; 0.02 is the Transformer habit. */
export const normal =
  (deviation = 0.02, mean = 0): Initializer =>
  (values, random) => {
    for (let index = 0; index < values.length; index++) values[index] = mean + deviation * random.normal()
  }
/** Normal, and drawn anew where it is more than two deviations from 0, as TensorFlow's. */
export const truncatedNormal =
  (deviation: number): Initializer =>
  (values, random) => {
    for (let index = 0; index < values.length; index++) {
      let drawn: number
      do drawn = random.normal()
      while (Math.abs(drawn) > 2)
      values[index] = deviation * drawn
    }
  }
/** Uniform in +-bound. */
export const uniform =
  (bound: number): Initializer =>
  (values, random) => {
    for (let index = 0; index < values.length; index++) values[index] = bound * (2 * random.uniform() - 1)
  }
/** Uniform in +-gain sqrt(6 / (in + out)) (Glorot & Bengio, 2010). */
export const xavier = (fanIn: number, fanOut: number, gain = 1): Initializer =>
  uniform(gain * Math.sqrt(6 / (fanIn + fanOut)))

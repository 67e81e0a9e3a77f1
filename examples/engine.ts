/** @file The engine alone: a linear regression by gradient descent. `npx tsx examples/engine.ts` */
import { buildGraph, compile } from 'siftrec'
import { gradients, input, matmul, mean, parameter, square, sub } from 'siftrec/tensor'

const x = input('x', [4, 3])
const w = parameter('w', [3, 1], (values) => void values.fill(0.1))
const loss = mean(square(sub(matmul(x, w), input('y', [4, 1]))))
const gradient = gradients(loss, [w]).get(w)?.dense ?? w
await using program = await compile(buildGraph({ loss, gradient }))

const weights = Float32Array.of(0.1, 0.1, 0.1)
program.bind('x', Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1))
program.bind('y', Float32Array.of(1, 2, 3, 6))
program.bind('w', weights)
for (let step = 0; step < 200; step++) {
  await program.run()
  const slope = program.outputs['gradient'] as Float32Array
  for (let at = 0; at < weights.length; at++) weights[at] = (weights[at] as number) - 0.5 * (slope[at] as number)
}
console.log(Array.from(weights, (weight) => weight.toFixed(2)).join(' '))

/** @file A mixture of feed-forward experts, all of which are computed: gates weigh what each makes of a token. */
import { normal, zeros } from '../../nn/init.ts'
import { linear } from '../../nn/linear.ts'
import { gelu, relu } from '../../tensor/elementwise.ts'
import { largest } from '../../tensor/largest.ts'
import { parameter, type Tensor } from '../../tensor/node.ts'

/** The sizes of a mixture. */
export interface MixtureConfig {
  /** D, of what comes in and goes out. */
  readonly width: number
  /** How wide an expert is inside; 4 D by default. */
  readonly inside?: number
  readonly experts: number
  readonly activation: 'gelu' | 'relu'
}

/** What a mixture makes of tokens [.., D]. */
export interface Mixed {
  /** [.., D] */
  readonly output: Tensor
  /** [.., K]; absent where there is one expert. */
  readonly gates?: Tensor | undefined
}

/**
 * sum_k g_k (act(x W_k + b_k) W'_k + b'_k), g = softmax(x G + c); parameters `NAME.{gate,in,out}.*`, experts side by
 * side. One expert has no gate, and is a plain feed-forward layer.
 */
export function expertMixture(
  name: string,
  { width, inside = 4 * width, experts, activation }: MixtureConfig,
): (x: Tensor) => Mixed {
  const activate = activation === 'gelu' ? gelu : relu
  const inner = linear(`${name}.in`, [width, experts * inside], { init: normal() })
  if (experts === 1) {
    const outer = linear(`${name}.out`, [inside, width], { init: normal() })
    return (x) => ({ output: outer(activate(inner(x))) })
  }
  const gate = linear(`${name}.gate`, [width, experts], { init: normal() })
  const outer = linear(`${name}.out`, [experts * inside, width], { init: normal(), bias: false })
  const bias_KD = parameter(`${name}.out.bias`, [experts, width], zeros)
  return (x) => {
    const gates = gate(x).softmax()
    const leading = x.shape.slice(0, -1)
    const each = activate(inner(x))
      .reshape([...leading, experts, inside])
      .mul(gates.unsqueeze(-1))
    return { output: outer(each.reshape([...leading, experts * inside])).add(gates.matmul(bias_KD)), gates }
  }
}

/**
 * K sum_k (share of tokens whose largest gate is k) (mean gate k), 1 where experts have as many tokens each (Fedus et
 * al., 2022); tokens [..] of mask 0 are left out.
 */
export function gateBalance(gates: Tensor, mask: Tensor): Tensor {
  const experts = gates.shape.at(-1) as number
  const weight_N1 = mask.div(mask.sum()).reshape([-1, 1])
  const gate_NK = gates.reshape([-1, experts])
  const share_K = largest(gate_NK, 1).mul(weight_N1).sum([0])
  return share_K
    .mul(gate_NK.mul(weight_N1).sum([0]))
    .sum()
    .mul(experts)
}

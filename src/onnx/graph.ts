/** @file Symbolic tensors to an ONNX graph: names every tensor that the outputs need, in an order that runs. */
import { Bug } from '../errors.ts'
import { isLeaf, type Operation, type Parameter, sizeOf, type Tensor } from '../tensor/node.ts'
import { operationsBefore } from '../tensor/order.ts'
import { encodeModel, type NodeParts, type StoredConstant, type ValueInfo } from './proto.ts'

/** Values of a constant. */
export type ConstantData = Float32Array | BigInt64Array | Uint8Array

/** A compiled graph, with what it expects to be fed. */
export interface Graph {
  readonly bytes: Uint8Array
  /** Inputs and parameters, by their names. */
  readonly inputs: ReadonlyMap<string, Tensor>
  readonly outputs: Readonly<Record<string, Tensor>>
  readonly parameters: readonly Parameter[]
}

/** What {@link buildGraph} may be told besides the outputs. */
export interface GraphOptions {
  /** Values by the names of inputs, parameters and `given` tensors, which become constants: the graph stands alone. */
  readonly bake?: { get(name: string): ConstantData | undefined }
  /** Tensors that are fed under these names in place of being computed: what another graph made once. */
  readonly given?: ReadonlyMap<Tensor, string>
}

/**
 * The ONNX graph of the named outputs.
 * @throws Bug when two inputs, or an input and an output, share a name, or a baked parameter has another size.
 */
export function buildGraph(
  outputs: Readonly<Record<string, Tensor>>,
  { bake = new Map<string, ConstantData>(), given = new Map() }: GraphOptions = {},
): Graph {
  const names = new Map<Tensor, string>()
  const nodes: NodeParts[] = []
  const leaves = new Map<string, Tensor>()
  const inputs = new Map<string, Tensor>()
  const constants: StoredConstant[] = []

  const nameLeaf = (tensor: Tensor): string => {
    if (!isLeaf(tensor)) throw new Bug('an operation was used before it was made')
    const { origin } = tensor
    if (origin.kind === 'constant') return store(constants, `c${constants.length}`, tensor, origin.data)
    const { name } = origin
    const known = leaves.get(name)
    if (known && known !== tensor) throw new Bug(`two inputs are named "${name}"`)
    leaves.set(name, tensor)
    return nameGiven(tensor, name)
  }
  const nameGiven = (tensor: Tensor, name: string): string => {
    const baked = bake.get(name)
    if (!baked) inputs.set(name, tensor)
    else if (baked.length === sizeOf(tensor.shape)) store(constants, name, tensor, baked)
    else
      throw new Bug(
        `"${name}" is baked with ${baked.length} values, its shape [${tensor.shape.join(', ')}] needs ${sizeOf(tensor.shape)}`,
      )
    return name
  }
  const nameOf = (tensor: Tensor): string => {
    const fed = given.get(tensor)
    let name = names.get(tensor)
    if (fed !== undefined && name === undefined) names.set(tensor, (name = nameGiven(tensor, fed)))
    if (name === undefined) names.set(tensor, (name = nameLeaf(tensor)))
    return name
  }

  const computed = (tensor: Tensor | undefined): tensor is Tensor => tensor !== undefined && !given.has(tensor)
  for (const step of operationsBefore(Object.values(outputs).filter(computed), ({ aliased, inputs }) =>
    (aliased ?? inputs).filter(computed),
  )) {
    if (step.aliased) {
      for (const [index, output] of step.outputs.entries()) names.set(output, nameOf(step.aliased[index] as Tensor))
      continue
    }
    const made = step.outputs.map((output, index) => {
      const name = `t${nodes.length}${index > 0 ? `_${index}` : ''}`
      names.set(output, name)
      return name
    })
    nodes.push({
      type: step.type,
      domain: step.domain,
      attributes: step.attributes,
      inputs: step.inputs.map((x) => (x ? nameOf(x) : '')),
      outputs: made,
    })
  }

  const results: ValueInfo[] = []
  for (const [name, tensor] of Object.entries(outputs)) {
    // An identity gives the result its own name, also when it is an input or appears twice.
    nodes.push({ type: 'Identity', domain: '', attributes: {}, inputs: [nameOf(tensor)], outputs: [name] })
    results.push({ name, dtype: tensor.dtype, shape: tensor.shape })
  }
  checkNames([...inputs.keys(), ...constants.map(({ name }) => name), ...nodes.flatMap((node) => node.outputs)])
  const fed = [...inputs].map(([name, { dtype, shape }]) => ({ name, dtype, shape }))
  const parameters = [...inputs.values()].filter(
    (tensor): tensor is Parameter => isLeaf(tensor) && tensor.origin.kind === 'parameter',
  )
  return { bytes: encodeModel({ nodes, inputs: fed, outputs: results, constants }), inputs, outputs, parameters }
}

/** Names of a graph are one space: an input named as one of our own steps or constants would be read in its place. */
function checkNames(names: readonly string[]): void {
  const taken = new Set<string>()
  for (const name of names) {
    if (taken.has(name))
      throw new Bug(
        `"${name}" is the name of two values: an input and an output need different names, and neither may be like t0 or c0`,
      )
    taken.add(name)
  }
}

function store(constants: StoredConstant[], name: string, { dtype, shape }: Tensor, data: ConstantData): string {
  constants.push({ name, dtype, shape, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) })
  return name
}

/** Every operation the tensors need, inputs first: the order in which a graph runs. */
export const operationsOf = (tensors: readonly Tensor[]): Operation[] =>
  operationsBefore(tensors, ({ aliased, inputs }) => aliased ?? inputs)

"""GRU4Rec, BERT4Rec and SASRecF, tiny and in PyTorch's own layers: weights, inputs, loss and gradients for the parity tests.

    "$PEER_PYTHON" tools/baselines_fixture.py test/fixtures/baselines.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

`gru4rec`: torch.nn.GRU of two layers over item embeddings, a linear layer to the embeddings' width, the embeddings as output table.
`bert4rec`: item embedding + the last L of all positions, layer normalization, two torch.nn.TransformerEncoderLayers (post-norm, exact GELU, 4d)
under a padding mask; at the masked places norm(gelu(h W + b)) against the table, [MASK] included, plus a bias an item. Histories
end at the last place. A row of its table is wider by one, the item's bias; the last row is [MASK].
`sasrecf`: each item is its embedding + W_image v + b_image + W_text v + b_text, with a learned vector besides where v is missing (a row of
zeros); the same encoder, causal, with the first L positions; the same item vectors as output table. No dropout anywhere.
The loss: the sum of weights times -log softmax(scores)[target], over the rows of the table but row 0, the padding's.

The file, for each:
  config     sizes
  inputs     by the names of the training graph's inputs; sources are the rows b * L + l that targets are read at
  parameters by the names that the model in this repository gives them; matrices multiply from the right, x @ W, W is [in, out]
  loss       one number
  gradients  of the loss, by parameter name
"""

import sys

import torch
from torch import nn
from torch.nn import functional as F

sys.dont_write_bytecode = True
from fixture import arrays, rounded, scalar, write  # noqa: E402

B, ITEMS, D, HEADS = 3, 11, 4, 2


class Encoder(nn.Module):
    def __init__(self, positions):
        super().__init__()
        self.positions = nn.Parameter(torch.zeros(positions, D))
        self.norm = nn.LayerNorm(D)
        sizes = {"d_model": D, "nhead": HEADS, "dim_feedforward": 4 * D, "dropout": 0.0, "activation": "gelu", "batch_first": True}
        self.blocks = nn.ModuleList(nn.TransformerEncoderLayer(**sizes) for _ in range(2))

    def forward(self, x, positions, **masks):
        x = self.norm(x + positions)
        for block in self.blocks:
            x = block(x, **masks)
        return x


def draw(module):
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            is_scale = "norm" in name and name.endswith("weight")
            parameter.copy_(rounded((1 if is_scale else 0) + (0.5 if parameter.ndim == 2 else 0.2) * torch.randn(parameter.shape)))


def linear(name, layer, of):
    return {f"{name}.weight": of(layer.weight).T, f"{name}.bias": of(layer.bias)}


def norm(name, layer, of):
    return {f"{name}.scale": of(layer.weight), f"{name}.shift": of(layer.bias)}


def encoder(module, of):
    named = {"position": of(module.positions), **norm("norm", module.norm, of)}
    for number, block in enumerate(module.blocks):
        for at, part in enumerate(("query", "key", "value")):
            rows = slice(at * D, (at + 1) * D)
            named[f"block{number}.attention.{part}.weight"] = of(block.self_attn.in_proj_weight)[rows].T
            named[f"block{number}.attention.{part}.bias"] = of(block.self_attn.in_proj_bias)[rows]
        named |= linear(f"block{number}.attention.output", block.self_attn.out_proj, of)
        named |= linear(f"block{number}.feedForward.inner", block.linear1, of) | linear(f"block{number}.feedForward.outer", block.linear2, of)
        named |= norm(f"block{number}.norm1", block.norm1, of) | norm(f"block{number}.norm2", block.norm2, of)
    return named


def value(parameter):
    return parameter.detach()


def gradient(parameter):
    return parameter.grad


def part(config, inputs, scores, named):
    """Inputs hold sources, targets and weights; scores [M, V]."""
    losses = F.cross_entropy(scores[:, 1:], (inputs["targets"] - 1).clamp(min=0), reduction="none")
    loss = (losses * inputs["weights"]).sum()
    loss.backward()
    numbers = {"loss": scalar(loss), "parameters": arrays(named(value)), "gradients": arrays(named(gradient))}
    return {"config": config, "inputs": arrays(inputs), **numbers}


def gru4rec():
    hidden, layers = 6, 2
    history = torch.tensor([[3, 1, 4, 1, 5], [2, 6, 5, 0, 0], [9, 0, 0, 0, 0]])
    sources = torch.tensor([0, 2, 4, 5, 7, 10])
    inputs = {"history": history, "sources": sources, "targets": torch.tensor([1, 1, 9, 6, 8, 10])}
    inputs["weights"] = rounded(torch.tensor([0.2, 0.1, 0.3, 0.1, 0.3, 0.0]))
    items, gru, output = nn.Embedding(ITEMS, D), nn.GRU(D, hidden, layers, batch_first=True), nn.Linear(hidden, D)
    for module in (items, gru, output):
        draw(module)

    def named(of):
        found = {"item": of(items.weight), **linear("output", output, of)}
        for layer in range(layers):
            input_bias, hidden_bias = of(getattr(gru, f"bias_ih_l{layer}")), of(getattr(gru, f"bias_hh_l{layer}"))
            # The gates' two biases only ever come as a sum, whose gradient is that of either.
            gates = torch.cat([hidden_bias[: 2 * hidden], torch.zeros(hidden)])
            found[f"gru{layer}.input.weight"] = of(getattr(gru, f"weight_ih_l{layer}")).T
            found[f"gru{layer}.input.bias"] = input_bias + gates if of is value else input_bias
            found[f"gru{layer}.hidden.weight"] = of(getattr(gru, f"weight_hh_l{layer}")).T
            found[f"gru{layer}.hidden.bias"] = hidden_bias[2 * hidden :]
        return found

    states = gru(items(history))[0].flatten(0, 1)
    config = {"batch": B, "length": 5, "embedding": D, "hidden": hidden, "layers": layers, "items": ITEMS}
    return part(config, inputs, output(states[sources]) @ items.weight.T, named)


def bert4rec():
    length, positions, mask = 6, 8, ITEMS
    history = torch.tensor([[3, mask, 4, 1, 5, mask], [0, 0, mask, 6, mask, 8], [0, 0, 0, 0, 7, mask]])
    # A batch has room for two masks a row: the last target is none, and read at a place that no other is.
    sources = torch.tensor([1, 5, 8, 10, 17, 0])
    inputs = {"history": history, "sources": sources, "targets": torch.tensor([1, 9, 2, 5, 10, 0])}
    inputs["weights"] = rounded(torch.tensor([0.2, 0.2, 0.2, 0.2, 0.2, 0.0]))
    items, bias, model = nn.Embedding(ITEMS + 1, D), nn.Embedding(ITEMS + 1, 1), Encoder(positions)
    output, after = nn.Linear(D, D), nn.LayerNorm(D)
    for module in (items, bias, model, output):
        draw(module)
    with torch.no_grad():
        after.weight.copy_(rounded(1 + 0.2 * torch.randn(D)))
        after.bias.copy_(rounded(0.2 * torch.randn(D)))

    def named(of):
        found = {"item": torch.cat([of(items.weight), of(bias.weight)], 1)}
        return found | encoder(model, of) | linear("output", output, of) | norm("output.norm", after, of)

    hidden = model(items(history), model.positions[-length:], src_key_padding_mask=history == 0).flatten(0, 1)
    scores = after(F.gelu(output(hidden[sources]))) @ items.weight.T + bias.weight.T
    config = {"batch": B, "length": length, "positions": positions, "hidden": D, "heads": HEADS, "layers": 2, "items": ITEMS}
    return part(config, inputs, scores, named)


def sasrecf():
    length, positions, width = 5, 7, 3
    history = torch.tensor([[3, 1, 4, 1, 5], [2, 6, 5, 0, 0], [9, 0, 0, 0, 0]])
    sources = torch.tensor([0, 2, 4, 5, 7, 10])
    inputs = {"history": history, "sources": sources, "targets": torch.tensor([1, 1, 9, 6, 8, 10])}
    inputs["weights"] = rounded(torch.tensor([0.2, 0.1, 0.3, 0.1, 0.3, 0.0]))
    items, model = nn.Embedding(ITEMS, D), Encoder(positions)
    projections = {"image": nn.Linear(width, D), "text": nn.Linear(width, D)}
    missing = {name: nn.Embedding(1, D) for name in projections}
    for module in (items, model, *projections.values(), *missing.values()):
        draw(module)
    table = items.weight
    for name, projection in projections.items():
        present = torch.tensor([0.0] + [float((item + len(name)) % 4 != 0) for item in range(1, ITEMS)])
        vectors = rounded(torch.randn(ITEMS, width)) * present[:, None]
        inputs |= {f"item.{name}": vectors, f"item.{name}.present": present}
        table = table + projection(vectors) + (1 - present)[:, None] * missing[name].weight

    def named(of):
        found = {"item": of(items.weight), **encoder(model, of)}
        for name, projection in projections.items():
            found |= linear(name, projection, of) | {f"{name}.missing": of(missing[name].weight)}
        return found

    causal = torch.full((length, length), float("-inf")).triu(1)
    hidden = model(table[history], model.positions[:length], src_mask=causal).flatten(0, 1)
    sizes = {"batch": B, "length": length, "positions": positions, "hidden": D, "heads": HEADS, "layers": 2, "items": ITEMS, "width": width}
    return part(sizes, inputs, hidden[sources] @ table.T, named)


torch.manual_seed(11)
write({"gru4rec": gru4rec(), "bert4rec": bert4rec(), "sasrecf": sasrecf()})

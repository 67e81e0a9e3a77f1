"""DIN alone, and the target attention of ETA and TWIN, tiny and in PyTorch's own layers: weights, inputs, outputs and gradients for the parity tests.

    "$PEER_PYTHON" tools/backbones_fixture.py test/fixtures/backbones.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

`din`: embeddings of an item's id and category side by side, plus one of the behavior in histories; the activation unit as printed, an MLP (PReLU)
over [h, t, h - t, h * t] in one piece; the weighted sum without softmax, 0 for padding; an MLP (PReLU) over interest, candidate, user.
The loss: the mean of binary_cross_entropy_with_logits.
`attention`: torch.nn.MultiheadAttention without biases, of one query a candidate over the events that `keep` has at 1.
`twin`: scores (h W_k) . (t W_q) / sqrt(d) + b . h in every head; the k events with the largest sum of scores over the heads;
torch.nn.MultiheadAttention over these with b . h as its additive mask; beside its output that of a second one, without bias, over the last
events of each history. The loss of both: the sum of output * upstream.

The file, for each:
  config     sizes
  inputs     by the names of the graph's inputs
  parameters by the names that the model in this repository gives them; matrices multiply from the right, x @ W, W is [in, out]
  outputs    logits, or output and weights, the latter the mean over heads
  gradients  of the loss, by parameter name, and of query and memory
"""

import sys

import torch
from torch import nn
from torch.nn import functional as F

sys.dont_write_bytecode = True
from fixture import arrays, drawn, rounded, write  # noqa: E402

B, L, D, HEADS, KEPT, RECENT = 4, 5, 6, 2, 3, 2


class Mlp(nn.Module):
    def __init__(self, *sizes):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.slopes = nn.ModuleList(nn.PReLU(b) for b in sizes[1:-1])

    def forward(self, x):
        for layer, slope in zip(self.layers, self.slopes):
            # nn.PReLU takes the second axis for its channels.
            y = layer(x)
            x = slope(y.flatten(0, -2)).view(y.shape)
        return self.layers[-1](x)


def draw(module):
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(rounded(0.5 * torch.randn(parameter.shape)))


def of_mlp(names, mlp, of):
    found = {}
    for at, (name, layer) in enumerate(zip(names, mlp.layers)):
        found |= {f"{name}.weight": of(layer.weight).T, f"{name}.bias": of(layer.bias)}
        if at < len(mlp.slopes):
            found[f"{name}.slope"] = of(mlp.slopes[at].weight)
    return found


def value(parameter):
    return parameter.detach()


def gradient(parameter):
    return parameter.grad


def din():
    items, users, categories, behaviors = 9, 5, 4, 2
    width = 2 * D
    tables = {"item.id": nn.Embedding(items, D), "item.category": nn.Embedding(categories, D), "behavior": nn.Embedding(behaviors + 1, width)}
    tables["user.id"] = nn.Embedding(users, D)
    unit, output = Mlp(4 * width, 8, 4, 1), Mlp(2 * width + D, 8, 4, 1)
    for module in (*tables.values(), unit, output):
        draw(module)
    category = torch.tensor([0, 0, 1, 2, 3, 1, 2, 1, 1])
    inputs = {"history": torch.tensor([[3, 4, 5, 3, 2], [7, 8, 0, 0, 0], [0, 0, 0, 0, 0], [6, 3, 4, 0, 0]])}
    inputs |= {"behavior": torch.tensor([[1, 2, 1, 1, 2], [2, 1, 0, 0, 0], [0, 0, 0, 0, 0], [1, 1, 2, 0, 0]])}
    inputs |= {"item": torch.tensor([5, 2, 8, 3]), "user": torch.tensor([1, 2, 1, 4]), "label": torch.tensor([1.0, 0, 0, 1])}

    def embed(ids):
        return torch.cat([tables["item.id"](ids), tables["item.category"](category[ids])], -1)

    h, t = embed(inputs["history"]) + tables["behavior"](inputs["behavior"]), embed(inputs["item"])
    wide = t[:, None].expand_as(h)
    weights = unit(torch.cat([h, wide, h - wide, h * wide], -1)).squeeze(-1) * (inputs["history"] > 0)
    interest = (weights[:, None] @ h).squeeze(1)
    logits = output(torch.cat([interest, t, tables["user.id"](inputs["user"])], -1)).squeeze(-1)
    F.binary_cross_entropy_with_logits(logits, inputs["label"]).backward()

    def named(of):
        found = {f"field.{name}": of(table.weight) for name, table in tables.items()}
        found |= of_mlp(["interest.unit.first", "interest.unit.rest.0", "interest.unit.rest.1"], unit, of)
        return found | of_mlp([f"output.{at}" for at in range(3)], output, of)

    inputs |= {"item.fields": torch.stack([torch.arange(items), category], 1), "user.fields": torch.arange(users)[:, None]}
    outputs = {"logits": logits, "weights": weights}
    config = {"rows": B, "length": L, "embedding": D, "items": items, "users": users, "categories": categories, "attention": 8, "hidden": 8}
    return part(config, inputs, outputs, named)


def attended(layer, query, memory, keep, added):
    """Output [B, D] and weights [B, L] over the events that keep [B, L] has, zero for a row that keeps none."""
    rows = keep.sum(1) > 0
    mask = added.masked_fill(keep[:, None] == 0, float("-inf"))[rows].reshape(-1, 1, L)
    found, weights = layer(query[rows, None], memory[rows], memory[rows], attn_mask=mask)
    output = torch.zeros(B, D).index_put((rows,), found.squeeze(1))
    return output, torch.zeros(B, L).index_put((rows,), weights.squeeze(1))


def of_layer(name, layer, of):
    parts = zip(("query", "key", "value"), of(layer.in_proj_weight).chunk(3))
    return {f"{name}.{part}.weight": weight.T for part, weight in parts} | {f"{name}.output.weight": of(layer.out_proj.weight).T}


def attention(keep, biased=False, recent=None):
    """Keep is a mask [B, L], or a function of scores [B, L]; recent a mask of the events that a second attention reads."""
    query, memory, upstream = drawn(B, D), drawn(B, L, D), rounded(torch.randn(B, D))
    layer = nn.MultiheadAttention(D, HEADS, bias=False, batch_first=True)
    draw(layer)
    bias = drawn(HEADS, D, scale=0.5)
    added = torch.einsum("bld,hd->bhl", memory, bias) if biased else torch.zeros(B, HEADS, L)
    if callable(keep):
        w_query, w_key, _ = layer.in_proj_weight.detach().view(3, HEADS, D // HEADS, D)
        asked, heard = torch.einsum("bd,hkd->bhk", query, w_query), torch.einsum("bld,hkd->bhlk", memory, w_key)
        keep = keep((torch.einsum("bhk,bhlk->bhl", asked, heard) / (D // HEADS) ** 0.5 + added).sum(1))
    output, weights = attended(layer, query, memory, keep, added)
    second = None
    if recent is not None:
        second = nn.MultiheadAttention(D, HEADS, bias=False, batch_first=True)
        draw(second)
        output = torch.cat([output, attended(second, query, memory, recent, torch.zeros(B, HEADS, L))[0]], 1)
        upstream = rounded(torch.randn(B, 2 * D))
    (output * upstream).sum().backward()

    def named(of):
        named = of_layer("attention", layer, of) | {"query": of(query), "memory": of(memory)}
        return named | ({"attention.bias.weight": of(bias)} if biased else {}) | (of_layer("short", second, of) if second else {})

    outputs = {"output": output, "weights": weights}
    config = {"rows": B, "length": L, "width": D, "heads": HEADS, "kept": KEPT, "recent": RECENT}
    return part(config, {"keep": keep, "upstream": upstream}, outputs, named)


def part(config, inputs, outputs, named):
    return {"config": config, "inputs": arrays(inputs), "parameters": arrays(named(value)), "outputs": arrays(outputs), "gradients": arrays(named(gradient))}


def top(mask):
    def keep(scores):
        best = scores.masked_fill(mask == 0, float("-inf")).topk(KEPT, 1).indices
        return torch.zeros(B, L).scatter(1, best, 1) * mask

    return keep


torch.manual_seed(12)
some = torch.tensor([[1.0, 0, 1, 1, 0], [0, 1, 0, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]])
there = torch.tensor([[1.0, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 0]])
last = torch.tensor([[0.0, 0, 0, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 1, 1, 0]])
twin = attention(top(there), biased=True, recent=last)
twin["inputs"] |= arrays({"mask": there})
write({"din": din(), "attention": attention(some), "twin": twin})

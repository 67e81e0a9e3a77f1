"""A tiny UniSRec in PyTorch, straight from the equations: weights, inputs, noise, scores, losses and gradients for the parity test.

    "$PEER_PYTHON" tools/unisrec_fixture.py test/fixtures/unisrec.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

An item's text a goes through K experts, e_k = (drop(a) - m_k) W_k, and gates, g = softmax(a G + n * (softplus(a S) + 0.01)), n normal; x is the sum of
g_k e_k, and a learned vector where the text is missing (a row of zeros) is added. Without noise n is 0 and nothing is dropped. Causal post-norm blocks
read norm(x[history] + item[history] + P). u = state / |state| / t, an item's row is (x + item) / |x + item|.

The file:
  training   the cross-entropy over the catalog. The histories' items and the candidates have noise of their own: noise.0 and .2 are what dropout
             multiplies texts with, [items, width], noise.1 and .3 the normals, [items, K]
  text       the same of texts alone, without noise
  pretrain   NCE(u, x+) + lambda NCE(u, u'), no ids, no noise: NCE(a, p) is the weighted sum of -log of exp(cos(a_b, p_b) / t) over the sum of exp(cos(a_b,
             p_j) / t), j running over b and the rows of other targets that have weight; u' reads the shortened histories. `theirs` is that loss
             with exp(0) = 1 in the denominator for each duplicate, as the published code has it
Each has
  inputs     by the names of the training graph's inputs; sources are the rows b * L + l that targets are read at; the last target only pads
  parameters by the names that the model in this repository gives them; matrices multiply from the right, x @ W, W is [in, out]
  users      [B, L, d]: u at every position
  loss       one number
  gradients  of the loss, by parameter name
training has besides
  table      [items, d]: rows of items without noise
"""

import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from blocks import Layers, catalog_loss  # noqa: E402
from fixture import array, arrays, content, gradients, rounded, scalar, write  # noqa: E402

B, L, D, HEADS, LAYERS, ITEMS, WIDTH, K = 3, 5, 8, 2, 2, 10, 6, 3
DROPOUT, TEMPERATURE, LAMBDA = 0.25, 0.2, 0.3
# The pad has no text, and neither have two items of the histories.
MISSING = (0, 4, 8)
HISTORY = torch.tensor([[3, 1, 4, 1, 5], [2, 6, 8, 0, 0], [7, 9, 0, 0, 0]])


def declared(ids):
    layers = Layers()
    layers.declare("text.experts.weight", K, WIDTH, D, scale=0.5)
    layers.declare("text.experts.center", K, WIDTH)
    layers.declare("text.gate", WIDTH, K)
    layers.declare("text.gate.noise", WIDTH, K)
    layers.declare("text.missing", 1, D)
    if ids:
        layers.declare("item", ITEMS, D)
    layers.declare("position", L, D)
    layers.declare_norm("norm", D)
    for layer in range(LAYERS):
        layers.declare_block(f"block{layer}", D)
    return layers


def adapted(layers, texts, keep=None, normals=None):
    """x [items, d]."""
    a = texts["item.text"]
    logits = a @ layers["text.gate"]
    if normals is not None:
        logits = logits + normals * (F.softplus(a @ layers["text.gate.noise"]) + 0.01)
    dropped = a if keep is None else a * keep
    experts = [(dropped - layers["text.experts.center"][k]) @ layers["text.experts.weight"][k] for k in range(K)]
    mixed = (torch.softmax(logits, -1)[:, :, None] * torch.stack(experts, 1)).sum(1)
    return mixed + (1 - texts["item.text.present"])[:, None] * layers["text.missing"]


def states(layers, rows):
    x = layers.norm("norm", rows + layers["position"])
    for layer in range(LAYERS):
        x = layers.block(f"block{layer}", x, HEADS)
    return x


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)


def part(layers, inputs, users, loss, **more):
    # What training reads of a catalog without noise: all parameters but the noise's own, where there is none.
    used = {name: x for name, x in layers.learned.items() if "noise.1" in inputs or name != "text.gate.noise"}
    return {
        "inputs": arrays(inputs),
        "parameters": arrays(layers.learned),
        "users": array(users),
        "loss": scalar(loss),
        "gradients": gradients(loss, used),
        **more,
    }


def trained(ids, noisy):
    layers, given = declared(ids), content("text", (ITEMS, WIDTH), MISSING)
    inputs = {
        "history": HISTORY,
        "sources": torch.tensor([0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 8]),
        "targets": torch.tensor([1, 4, 1, 5, 9, 6, 8, 3, 9, 2, 0]),
        "weights": torch.tensor([0.1, 0.05, 0.1, 0.15, 0.1, 0.05, 0.15, 0.1, 0.05, 0.15, 0.0]),
        **given,
    }
    noise = [(None, None), (None, None)]
    if noisy:
        for at in range(2):
            keep = (torch.rand(ITEMS, WIDTH) >= DROPOUT) / (1 - DROPOUT)
            noise[at] = (rounded(keep), rounded(torch.randn(ITEMS, K)))
            inputs[f"noise.{2 * at}"], inputs[f"noise.{2 * at + 1}"] = noise[at]

    def with_ids(x):
        return x + layers["item"] if ids else x

    def users_of(read):
        return unit(states(layers, with_ids(read)[HISTORY])) / TEMPERATURE

    users = users_of(adapted(layers, given, *noise[0]))
    table = unit(with_ids(adapted(layers, given, *noise[1])))
    loss = catalog_loss(users.flatten(0, 1)[inputs["sources"]], table, inputs["targets"], inputs["weights"])
    served = unit(with_ids(adapted(layers, given)))
    return part(layers, inputs, users_of(adapted(layers, given)), loss, table=array(served))


def contrast(anchor, positive, targets, weights, theirs=False):
    cosines = unit(anchor) @ unit(positive).T / TEMPERATURE
    rows = range(len(targets))
    loss = 0
    for b in rows:
        others = [j for j in rows if j != b and weights[j] > 0]
        apart = [cosines[b, j].exp() for j in others if targets[j] != targets[b]]
        same = sum(1 for j in others if targets[j] == targets[b])
        total = cosines[b, b].exp() + sum(apart) + (same if theirs else 0)
        loss = loss - weights[b] * (cosines[b, b] - total.log())
    return loss


def pretrained():
    layers, given = declared(ids=False), content("text", (ITEMS, WIDTH), MISSING)
    history = torch.tensor([[3, 1, 4, 1, 5], [2, 6, 8, 0, 0], [7, 9, 0, 0, 0], [9, 2, 3, 0, 0]])
    shortened = torch.tensor([[3, 4, 1, 0, 0], [2, 6, 8, 0, 0], [7, 0, 0, 0, 0], [9, 3, 0, 0, 0]])
    last = torch.tensor([2, 5 + 2, 10 + 0, 15 + 1])
    inverse = torch.full((4 * L,), 4)
    inverse[last] = torch.arange(4)
    # Two windows have one target, and the fifth only fills up.
    targets = torch.tensor([6, 3, 6, 1, 0])
    weights = torch.tensor([0.3, 0.2, 0.25, 0.25, 0.0])
    inputs = {
        "history": history,
        "sources": torch.tensor([4, 7, 11, 17, 0]),
        "targets": targets,
        "weights": weights,
        "shortened.history": shortened,
        "shortened.last": last,
        "shortened.lastInverse": inverse,
        **given,
    }
    x = adapted(layers, given)
    everywhere = states(layers, x[history])
    users = everywhere.flatten(0, 1)[inputs["sources"]][:4]
    others = states(layers, x[shortened]).flatten(0, 1)[last]

    def loss(theirs=False):
        of_items = contrast(users, x[targets[:4]], targets[:4], weights[:4], theirs)
        return of_items + LAMBDA * contrast(users, others, targets[:4], weights[:4], theirs)

    return part(layers, inputs, everywhere, loss(), theirs=scalar(loss(theirs=True)))


torch.manual_seed(17)
write(
    {
        "config": {
            "batch": B,
            "length": L,
            "hidden": D,
            "heads": HEADS,
            "layers": LAYERS,
            "items": ITEMS,
            "width": WIDTH,
            "experts": K,
            "adaptorDropout": DROPOUT,
            "temperature": TEMPERATURE,
            "lambda": LAMBDA,
        },
        "training": trained(ids=True, noisy=True),
        "text": trained(ids=False, noisy=False),
        "pretrain": pretrained(),
    }
)

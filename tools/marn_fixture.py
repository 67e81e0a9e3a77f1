"""MARN, tiny and in PyTorch: weights, inputs, logits, loss and gradients for the parity test.

    "$PEER_PYTHON" tools/marn_fixture.py test/fixtures/marn.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

The recurrent layer and the attention go history by history over the events there are, without padding, and discriminators judge part by part. The file's
parts are those of click_blocks.py. Its variants:
  input  the defaults, the discriminators with a weight of 0.5
  gates  ReLU in the maps, weights as printed, the mean of shared parts, a discriminator of their own for private parts, and what was done in the gates alone
  din    DIN's attention over items, and no loss of private parts
"""

import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from click_blocks import (  # noqa: E402
    B, BEHAVIORS, D, EMBEDDING, L, MODALITIES, ClickLayers, behavior, frozen, history, item, item_numbers, variant, weight, write_clicks,
)

ATTENTION, HIDDEN = 4, 5
NAMES = [*MODALITIES, "numbers"]
M = len(NAMES)


def reverse(x):
    """x itself, and minus its gradient."""
    return 2 * x.detach() - x


def declare(own):
    p = ClickLayers()
    p.declare_items()
    p.declare_linear("numbers", 1, D)
    for name in NAMES:
        p.declare_linear(f"private.{name}", D, D)
        p.declare_linear(f"gate.{name}", D, D)
    p.declare_linear("shared", D, D)
    for name in ["weigher", "discriminator"] + (["privateDiscriminator"] if own else []):
        p.declare_mlp(name, [D, HIDDEN, M])
    p.declare_linear("unit.first", 4 * D, ATTENTION)
    p.declare("unit.first.slope", ATTENTION, center=0.25, scale=0.1)
    p.declare_linear("unit.rest.0", ATTENTION, ATTENTION // 2)
    p.declare("unit.rest.0.slope", ATTENTION // 2, center=0.25, scale=0.1)
    p.declare_linear("unit.rest.1", ATTENTION // 2, 1)
    p.declare_output(D, D)
    return p


def split(p, ids, relu, plain):
    """Private parts, shared parts, their weights, and weighted shared parts, [.., D] each by modality."""
    x = {**p.vectors(ids), "numbers": p.affine("numbers", item_numbers[ids])}
    act = F.relu if relu else (lambda y: y)
    s = {m: act(p.affine(f"private.{m}", x[m])) for m in NAMES}
    c = {m: act(p.affine("shared", x[m])) for m in NAMES}
    w = {m: 1 - torch.softmax(p.mlp("weigher", c[m].detach(), 2), -1)[..., at] for at, m in enumerate(NAMES)}
    if not plain:
        mean = sum(w[m] + 1e-4 for m in NAMES) / M
        w = {m: (w[m] + 1e-4) / mean for m in NAMES}
    w = {m: w[m].detach() for m in NAMES}
    return s, c, w, {m: w[m][..., None] * c[m] for m in NAMES}


def join(p, s, cw, mean):
    private = sum(torch.tanh(p.affine(f"gate.{m}", s[m])) * s[m] for m in NAMES)
    every = torch.stack([cw[m] for m in NAMES])
    return private + (every.mean(0) if mean else every.max(0).values)


def told(p, network, parts):
    """Which modality a part is of, part by part; a modality that an item lacks does not count."""
    total = 0
    for at, m in enumerate(NAMES):
        has = frozen.get(f"item.{m}.present", torch.ones(100))
        for row in range(B):
            logits = p.mlp(network, parts[m][row], 2)
            total = total - weight[row] * has[item[row]] * torch.log_softmax(logits, -1)[at]
    return total / M


def unit(p, g, t):
    x = torch.cat([g, t, g - t, g * t])
    for layer in ("unit.first", "unit.rest.0"):
        x = p.affine(layer, x)
        x = torch.where(x > 0, x, p[f"{layer}.slope"] * x)
    return p.affine("unit.rest.1", x)[0]


def step(p, h, done, g, gates):
    """A gated recurrent unit; what was done is read by all of it, or by its gates alone."""
    x = p.affine("reader.input", h if gates else torch.cat([h, done]))
    if gates:
        x = x + torch.cat([done @ p["reader.gates.weight"], torch.zeros(D)])
    u = g @ p["reader.hidden.weight"]
    r, z = torch.sigmoid(x[:D] + u[:D]), torch.sigmoid(x[D : 2 * D] + u[D : 2 * D])
    n = torch.tanh(x[2 * D :] + r * (u[2 * D :] + p["reader.hidden.bias"]))
    return (1 - z) * n + z * g


def read(p, events, target, gates):
    """The recurrent layer and its attention, history by history."""
    interest, attention = [], torch.zeros(B, L)
    for row in range(B):
        g, states = torch.zeros(D), []
        for at in range(int((history[row] > 0).sum())):
            g = step(p, events[row, at], p["field.behavior"][behavior[row, at]], g, gates)
            states.append(g)
        if not states:
            interest.append(torch.zeros(D))
            continue
        weights = torch.softmax(torch.stack([unit(p, one, target[row]) for one in states]), 0)
        interest.append(weights @ torch.stack(states))
        attention[row, : len(states)] = weights.detach()
    return torch.stack(interest), attention


def read_din(p, events, target):
    events = events + p["field.behavior"][behavior]
    weights = torch.stack([torch.stack([unit(p, events[row, at], target[row]) for at in range(L)]) for row in range(B)]) * (history > 0)
    return (weights[..., None] * events).sum(1), weights


def model(options, strength, relu=False, plain=False, mean=False, private="discriminator", gates=False, din=False):
    p = declare(private == "privateDiscriminator")
    p.declare("field.behavior", BEHAVIORS + 1, D if din else EMBEDDING)
    if not din:
        p.declare_linear("reader.input", D if gates else D + EMBEDDING, 3 * D)
        p.declare("reader.hidden.weight", D, 3 * D)
        p.declare("reader.hidden.bias", D)
        if gates:
            p.declare("reader.gates.weight", EMBEDDING, 2 * D)
    s, c, w, cw = split(p, item, relu, plain)
    target = join(p, s, cw, mean)
    of_events = split(p, history, relu, plain)
    events = join(p, of_events[0], of_events[3], mean)
    interest, attention = read_din(p, events, target) if din else read(p, events, target, gates)
    logits = p.output(interest, target)
    losses = [told(p, "weigher", {m: c[m].detach() for m in NAMES}), strength * told(p, "discriminator", {m: reverse(cw[m]) for m in NAMES})]
    if private:
        losses.append(strength * told(p, private, s))
    reasons = {"attention": attention, "gates": torch.stack([w[m] for m in NAMES], -1)}
    return variant({"adversarialWeight": strength, **options}, p, logits, *losses, reasons=reasons)


printed = {"splitActivation": "relu", "weights": "plain", "sharedPool": "mean", "specific": "own", "propertyIn": "gates"}
write_clicks(
    {
        "input": model({}, 0.5),
        "gates": model(printed, 0.3, relu=True, plain=True, mean=True, private="privateDiscriminator", gates=True),
        "din": model({"reader": "din", "specific": "none"}, 0.5, private=None, din=True),
    }
)

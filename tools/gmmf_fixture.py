"""GMMF, tiny and in PyTorch: weights, inputs, logits, loss and gradients for the parity test.

    "$PEER_PYTHON" tools/gmmf_fixture.py test/fixtures/gmmf.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

Losses are added up item by item and event by event, histories are pooled one after the other, and binary cross-entropies are PyTorch's, of probabilities. The
file's parts are those of click_blocks.py. Generators and discriminators are stored divided by their rate. Its variants:
  gan         the defaults
  regression  the generators' squared error, at the rate of the rest, vectors compared through ReLU, and the candidate's differences in the output
  none        nothing taken out
"""

import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from click_blocks import (  # noqa: E402
    B, BEHAVIORS, D, EMBEDDING, L, WIDTHS, ClickLayers, age, behavior, history, item, user, user_row, variant, weight, write_clicks,
)

NAMES = list(WIDTHS)


def declare(kind, rate, targets):
    p = ClickLayers()
    p.declare_items()
    for name in NAMES:
        p.declare_linear(f"encoder.{name}", D, D)
        p.declare_linear(f"decoder.{name}", D, D)
        if kind == "none":
            continue
        p.declare_linear(f"difference.{name}", 4 * D, D)
        networks = {"generator": [D, D, D], "discriminator": [4 * D, 2 * D, 1]}
        for part in networks if kind == "gan" else ["generator"]:
            for at in range(2):
                p.declare(f"{part}.{name}.{at}.weight", networks[part][at], networks[part][at + 1], scale=0.5 / rate)
                p.declare(f"{part}.{name}.{at}.bias", networks[part][at + 1], scale=0.2 / rate)
    for name in ["id", *NAMES]:
        p.declare_mlp(f"gate.{name}", [2 * EMBEDDING, D, D])
    p.declare("field.behavior", BEHAVIORS + 1, 2 * D)
    p.declare_output(2 * D, 3 * D if targets else D)
    return p


def network(p, name, x, rate, frozen=False):
    """Two layers whose parameters are stored divided by the rate; frozen: for a loss that must not move them."""
    for at in range(2):
        w, b = (rate * p[f"{name}.{at}.{part}"] for part in ("weight", "bias"))
        x = (F.relu(x) if at else x) @ (w.detach() if frozen else w) + (b.detach() if frozen else b)
    return x


def pair(x, z):
    return torch.cat([x, x - z, x * z, z], -1)


class Items:
    """What is made of items: ids, codes, what is generated, differences, and the losses of each, summed over modalities."""

    def __init__(self, p, ids, kind, rate, relu):
        x = p.vectors(ids)
        self.id, self.n = x["id"], {}
        self.rebuilt, self.judged, self.fooled = 0, 0, 0
        for m in NAMES:
            e = p.affine(f"encoder.{m}", x[m])
            o, y = F.relu(e), p.affine(f"decoder.{m}", e)
            self.rebuilt = self.rebuilt + ((F.relu(y) if relu else y) - x[m].detach()).square().mean(-1)
            if kind == "none":
                self.n[m] = o
                continue
            g = network(p, f"generator.{m}", x["id"], rate, frozen=True)
            self.n[m] = o - torch.sigmoid(p.affine(f"difference.{m}", torch.cat([o, g, o * g, o - g], -1))) * g
            known = x["id"].detach()
            made = network(p, f"generator.{m}", known, rate)
            if kind == "regression":
                self.fooled = self.fooled + (made - o.detach()).square().mean(-1)
                continue
            real = torch.sigmoid(network(p, f"discriminator.{m}", pair(known, o.detach()), rate))[..., 0]
            fake = torch.sigmoid(network(p, f"discriminator.{m}", pair(known, made.detach()), rate))[..., 0]
            self.judged = self.judged - torch.log(real) - torch.log(1 - fake)
            told = torch.sigmoid(network(p, f"discriminator.{m}", pair(known, made), rate, frozen=True))[..., 0]
            self.fooled = self.fooled - torch.log(told)


def over(candidates, events):
    """The mean over candidates plus the mean over the events of rows that count."""
    total, count = 0, sum(weight[row] * (history[row] > 0).sum() for row in range(B))
    for row in range(B):
        total = total + weight[row] * candidates[row]
        for at in range(L):
            if history[row, at] > 0:
                total = total + weight[row] / count * events[row, at]
    return total


def pool(p, target, events, at):
    """A history's differences and what was done, weighed by what agrees with the candidate."""
    pooled, attention = [], torch.zeros(B, L)
    done = p["field.behavior"][behavior][..., at * D : (at + 1) * D]
    for row in range(B):
        count = int((history[row] > 0).sum())
        scores = F.relu(events[row, :count] @ target[row])
        weights = scores / (scores.sum() + 1e-8)
        pooled.append(weights @ (events[row, :count] + done[row, :count]))
        attention[row, :count] = weights.detach()
    return torch.stack(pooled), attention


def model(kind, rebuilt, rate=0.1, relu=False, targets=False):
    p = declare(kind, rate, targets)
    candidates, events = (Items(p, ids, kind, rate, relu) for ids in (item, history))
    fields = torch.cat([p["field.user.id"][user_row[user]], p["field.user.age"][age[user]]], 1)
    gates = {m: D * torch.softmax(p.mlp(f"gate.{m}", fields, 2), -1) for m in ["id", *NAMES]}
    pools = {m: pool(p, candidates.n[m], events.n[m], at) for at, m in enumerate(NAMES)}
    interest = torch.cat([pools[m][0] * gates[m] for m in NAMES], 1)
    target = torch.cat([candidates.id * gates["id"], *([candidates.n[m] for m in NAMES] if targets else [])], 1)
    losses = [rebuilt * over(candidates.rebuilt, events.rebuilt)]
    if kind == "gan":
        losses.append(over(candidates.judged, events.judged))
    if kind != "none":
        losses.append(over(candidates.fooled, events.fooled))
    options = {"generator": kind, "reconstructionWeight": rebuilt, "adversarialRate": rate, "targetDifference": targets}
    reasons = {"attention": sum(pools[m][1] for m in NAMES) / len(NAMES)}
    return variant({**options, "reconstruction": "relu" if relu else "linear"}, p, p.output(interest, target), *losses, reasons=reasons)


write_clicks(
    {
        "gan": model("gan", 0.1),
        "regression": model("regression", 0.3, rate=1, relu=True, targets=True),
        "none": model("none", 0.1),
    }
)

"""SimCEN, tiny and in PyTorch: weights, inputs, logits, loss and gradients for the parity test.

    "$PEER_PYTHON" tools/simcen_fixture.py test/fixtures/simcen.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

Pairs of fields are taken one after the other, and so are the pairs of the contrast. The file's parts are those of click_blocks.py. Its variants:
  both      the defaults, two layers, the contrast with a weight of 0.1
  none      no views, three layers, ReLU everywhere, another temperature
"""

import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from click_blocks import (  # noqa: E402
    AGES, B, BEHAVIORS, CATEGORIES, EMBEDDING, ITEM_ROWS, USER_ROWS, WIDTHS, ClickLayers, age, behavior, category, history, item, item_numbers, item_row, mean,
    user, user_numbers, user_row, variant, weight, write_clicks,
)

HIDDEN = 6
THIRD = HIDDEN // 3


def declare():
    p = ClickLayers(linear=0.3)
    p.declare_fields("user", {"id": USER_ROWS, "age": AGES})
    p.declare("numbers.user", 1, EMBEDDING)
    p.declare_fields("item", {"id": ITEM_ROWS, "category": CATEGORIES})
    p.declare("numbers.item", 1, EMBEDDING)
    p.declare_behavior(EMBEDDING)
    for name, width in WIDTHS.items():
        p.declare_linear(name, width, EMBEDDING)
        p.declare(f"{name}.missing", 1, EMBEDDING)
    return p


def fields(p):
    rows = [p["field.user.id"][user_row[user]], p["field.user.age"][age[user]], user_numbers[user] * p["numbers.user"]]
    rows.append(mean(p["field.item.id"][item_row[history]] + p["field.behavior"][behavior]))
    rows += [mean(p.frozen(name, history)) for name in WIDTHS]
    rows += [p["field.item.id"][item_row[item]], p["field.item.category"][category[item]], item_numbers[item] * p["numbers.item"]]
    rows += [p.frozen(name, item) for name in WIDTHS]
    return rows


def views(p, x):
    """The upper triangle row by row, then the lower one."""
    count = len(x)
    meet = [[((x[f] @ p["views.weight"]) * x[g]).sum(1) for g in range(count)] for f in range(count)]
    upper = torch.stack([meet[f][g] for f in range(count) for g in range(f, count)], 1)
    lower = torch.stack([meet[f][g] for f in range(count) for g in range(f + 1)], 1)
    return [upper @ p["views.upper.weight"], lower @ p["views.lower.weight"]]


def contrast(streams, t):
    e, a, b = (F.normalize(x, dim=1) for x in streams)
    total = 0
    for i in range(B):
        positive = (e[i] @ a[i] + e[i] @ b[i]) / 2 / t
        everyone = sum(torch.exp(a[i] @ b[j] / t) for j in range(B) if weight[j] > 0)
        total = total + weight[i] * (torch.log(everyone) - positive)
    return total


def model(layers, with_views=True, activations="mixed", weight_of=0.0, t=0.3):
    p = declare()
    x = fields(p)
    width = len(x) * EMBEDDING
    if with_views:
        pairs = len(x) * (len(x) + 1) // 2
        p.declare("views.weight", EMBEDDING, EMBEDDING)
        p.declare("views.upper.weight", pairs, width, scale=0.1)
        p.declare("views.lower.weight", pairs, width, scale=0.1)
        width *= 3
    for at in range(layers):
        p.declare_linear(f"layer.{at}", width if at == 0 else HIDDEN, HIDDEN)
        p.declare_linear(f"layer.{at}.gate", THIRD, THIRD)
        p.declare(f"layer.{at}.gate.temperature", THIRD, center=1.0)
        if at > 0:
            p.declare(f"layer.{at}.upper", THIRD, center=0.5)
            p.declare(f"layer.{at}.lower", THIRD, center=0.5)
    p.declare_linear("output", HIDDEN, 1)
    activate = [F.relu, F.leaky_relu, F.gelu] if activations == "mixed" else [F.relu] * 3

    y = torch.cat(x + (views(p, x) if with_views else []), 1)
    streams = None
    for at in range(layers):
        e, a, b = p.affine(f"layer.{at}", y).chunk(3, 1)
        gate = torch.sigmoid(p.affine(f"layer.{at}.gate", e)) / p[f"layer.{at}.gate.temperature"]
        a, b = a + gate * a, b + gate * b
        if at > 0:
            a, b = a + p[f"layer.{at}.upper"] + streams[1], b + p[f"layer.{at}.lower"] + streams[2]
        streams = [act(one) for act, one in zip(activate, (e, a, b))]
        y = torch.cat(streams, 1)
    e, a, b = streams[0], streams[0] + streams[1], streams[0] + streams[2]
    logits = p.affine("output", torch.cat([e, a, b], 1))[:, 0]
    options = {"layers": layers, "views": "both" if with_views else "none", "activations": activations, "contrastiveWeight": weight_of, "temperature": t}
    losses = [weight_of * contrast((e, a, b), t)] if weight_of else []
    return variant(options, p, logits, *losses)


both = model(2, weight_of=0.1)
none = model(3, with_views=False, activations="relu", weight_of=0.2, t=1.0)
write_clicks({"both": both, "none": none})

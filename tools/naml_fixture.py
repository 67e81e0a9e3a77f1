"""NAML, tiny and in PyTorch: weights, inputs, logits, loss and gradients for the parity test.

    "$PEER_PYTHON" tools/naml_fixture.py test/fixtures/naml.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

Attention is computed history by history over the events there are, without padding. The file's parts are those of click_blocks.py. Its variants:
  dot   the defaults
  mlp   the output of the other models in the place of the product
  mean  views and events weighed alike
"""

import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from click_blocks import (  # noqa: E402
    B, CATEGORIES, D, EMBEDDING, HIDDEN, ITEM_ROWS, L, WIDTHS, ClickLayers, behavior, category, history, item, item_row, mean, variant,
    write_clicks,
)

QUERY = 3


def model(attention=True):
    p = ClickLayers()
    p.declare_fields("item", {"id": ITEM_ROWS, "category": CATEGORIES})
    for name in ("id", "category"):
        p.declare_linear(f"view.{name}", EMBEDDING, D)
    for name, width in WIDTHS.items():
        p.declare_linear(name, width, D)
        p.declare(f"{name}.missing", 1, D)
    if attention:
        for name in ("view", "event"):
            p.declare_linear(name, D, QUERY)
            p.declare(f"{name}.query", QUERY, 1)
    p.declare_behavior(D)
    return p


def views(p, ids):
    rows = {"id": p["field.item.id"][item_row[ids]], "category": p["field.item.category"][category[ids]]}
    encoded = [p.affine(f"view.{name}", row) for name, row in rows.items()] + [p.frozen(name, ids) for name in WIDTHS]
    return F.relu(torch.stack(encoded, -2))


def additive(p, name, x):
    """Weights over the last axis but one."""
    return torch.softmax((torch.tanh(p.affine(name, x)) @ p[f"{name}.query"])[..., 0], -1)


def encode(p, ids):
    r = views(p, ids)
    weights = additive(p, "view", r)
    return (weights[..., None] * r).sum(-2), weights


def read(p):
    """Users, candidates, and the weights of views and events."""
    target, gates = encode(p, item)
    events = encode(p, history)[0] + p["field.behavior"][behavior]
    users, attention = [], torch.zeros(B, L)
    for row in range(B):
        count = int((history[row] > 0).sum())
        weights = additive(p, "event", events[row, :count])
        users.append(weights @ events[row, :count])
        attention[row, :count] = weights.detach()
    return torch.stack(users), target, gates, attention


def dot():
    p = model()
    p.declare("bias", 1)
    users, target, gates, attention = read(p)
    return variant({}, p, (users * target).sum(1) + p["bias"], reasons={"gates": gates, "attention": attention})


def mlp():
    p = model()
    p.declare_output(D, D)
    users, target, _, _ = read(p)
    return variant({"score": "mlp", "hiddenSize": HIDDEN}, p, p.output(users, target))


def alike():
    p = model(attention=False)
    p.declare("bias", 1)
    users = mean(views(p, history).mean(-2) + p["field.behavior"][behavior])
    return variant({"views": "mean", "events": "mean"}, p, (users * views(p, item).mean(-2)).sum(1) + p["bias"])


write_clicks({"dot": dot(), "mlp": mlp(), "mean": alike()})

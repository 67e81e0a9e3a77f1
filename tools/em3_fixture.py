"""EM3, tiny and in PyTorch: weights, inputs, logits, loss and gradients for the parity test.

    "$PEER_PYTHON" tools/em3_fixture.py test/fixtures/em3.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

Each item's content is made by itself, head by head and query by query, and the contrast pair by pair. The file's parts are those of click_blocks.py, but
for the candidates: two are one item and one is rare. Its variants:
  both      the defaults, the contrast with a weight of 0.1
  content   two layers, three queries, histories read by content alone, no contrast
  plain     both readers, one head, no contrast
"""

import math
import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from click_blocks import (  # noqa: E402
    BEHAVIORS, B, D, EMBEDDING, ITEM_WIDTH, WIDTHS, ClickLayers, behavior, declare_unit, history, interest, item, item_row, variant, weight, write_clicks,
)

item[:] = torch.tensor([4, 4, 1, 3, 6])


def declare(queries, layers):
    p = ClickLayers()
    p.declare_fields("item", {"id": 6, "category": 3})
    for name, width in WIDTHS.items():
        p.declare_linear(name, width, D)
        p.declare(f"{name}.missing", 1, D)
    p.declare("queries", queries, D)
    for at in range(layers):
        for part in ("query", "key", "value", "output"):
            p.declare_linear(f"former.{at}.attention.{part}", D, D)
        p.declare_norm(f"former.{at}.norm", D)
    p.declare_linear("content", queries * D, D)
    return p


def content(p, ids, heads):
    """The content of items, one after the other: [..] -> [.., D]."""
    queries = p["queries"].shape[0]
    layers = sum(name.endswith(".norm.scale") for name in p.learned)
    rows = []
    for one in ids.flatten():
        y = torch.cat([p["queries"], *(p.frozen(name, one).reshape(1, D) for name in WIDTHS)])
        for at in range(layers):
            q, k, v = (p.affine(f"former.{at}.attention.{part}", y) for part in ("query", "key", "value"))
            width = D // heads
            parts = []
            for head in range(heads):
                columns = slice(head * width, (head + 1) * width)
                weights = torch.softmax(q[:, columns] @ k[:, columns].T / math.sqrt(width), -1)
                parts.append(weights @ v[:, columns])
            y = p.norm(f"former.{at}.norm", y + p.affine(f"former.{at}.attention.output", torch.cat(parts, -1)))
        rows.append(p.affine("content", y[:queries].reshape(-1)))
    return torch.stack(rows).reshape(*ids.shape, D)


def nce(u, j, weights, t):
    """Each row against its own and those of other items; a row that counts nothing is nobody's negative."""
    total = 0
    for i in range(B):
        own = torch.exp(u[i] @ j[i] / t)
        others = [torch.exp(u[i] @ j[k] / t) for k in range(B) if weights[k] > 0 and item[k] != item[i]]
        total = total - weights[i] * torch.log(own / (own + sum(others)))
    return total


def contrast(p, c, e, t=0.1):
    u = F.normalize(p.affine("contrast.content", c), dim=-1)
    j = F.normalize(p.affine("contrast.id", e), dim=-1)
    weights = weight * (item_row[item] != 1)
    return (nce(u, j, weights, t) + nce(j, u, weights, t)) / 2


def model(options, queries=2, layers=1, heads=2, ids=True, cic=0.0):
    p = declare(queries, layers)
    declare_unit(p, "content", D)
    if ids:
        declare_unit(p, "id", ITEM_WIDTH)
    read = D + (ITEM_WIDTH if ids else 0)
    p.declare("field.behavior", BEHAVIORS + 1, read)
    if cic:
        p.declare_linear("contrast.content", D, D)
        p.declare_linear("contrast.id", ITEM_WIDTH, D)
    p.declare_output(read, D + ITEM_WIDTH)
    c, e, done = content(p, item, heads), p.id(item), p["field.behavior"][behavior]
    readings = [interest(p, "content", content(p, history, heads) + done[..., :D], c)]
    if ids:
        readings.append(interest(p, "id", p.id(history) + done[..., D:], e))
    logits = p.output(torch.cat([summed for summed, _ in readings], 1), torch.cat([c, e], 1))
    reasons = {"attention": sum(weights for _, weights in readings) / len(readings)}
    losses = [cic * contrast(p, c, e)] if cic else []
    return variant({"queries": queries, "formerLayers": layers, "heads": heads, "cicWeight": cic, **options}, p, logits, *losses, reasons=reasons)


both = model({}, cic=0.1)
alone = model({"readers": "content"}, queries=3, layers=2, ids=False)
plain = model({}, queries=1, heads=1)
write_clicks({"both": both, "content": alone, "plain": plain})

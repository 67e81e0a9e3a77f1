"""QARM, tiny and in PyTorch: weights, inputs, logits, loss and gradients for the parity test.

    "$PEER_PYTHON" tools/qarm_fixture.py test/fixtures/qarm.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

Codes are found item by item and level by level from drawn centers, shares of codes are counted event by event, and the contrast of the alignment is summed
pair by pair. The file's parts are those of click_blocks.py; the parameters of a variant hold what the model remembers too: centers, codes and neighbors. Its
variants:
  joined   the defaults: an adapter, codes of both vectors together, the mean of neighbors, DIN's unit over codes
  both     without an adapter, histories read by codes and by ids
  each     without an adapter, codes of each vector, neighbors side by side, means of codes
and beside them
  alignment  pairs of items, their loss, and the gradients of the adapter
"""

import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from click_blocks import (  # noqa: E402
    BEHAVIORS, B, D, EMBEDDING, ITEM_ROWS, ITEM_WIDTH, ITEMS, WIDTHS, ClickLayers, behavior, declare_unit, frozen, history, interest, item, item_row, mean, variant,
    write_clicks,
)
from fixture import arrays, drawn, gradients, rounded, scalar  # noqa: E402

LEVELS, CENTERS, NEIGHBORS, TEMPERATURE = 2, 3, 2, 0.2
neighbors = torch.tensor([[0, 0], [2, 4], [4, 6], [0, 0], [1, 0], [6, 7], [5, 1], [2, 0]])


def unit(x):
    length = (x * x).sum().sqrt()
    return x / length if length > 0 else x


def joined(one, names=tuple(WIDTHS)):
    """The vectors of an item, each of length 1, side by side."""
    return torch.cat([unit(frozen[f"item.{name}"][one]) for name in names])


def has(one, names=tuple(WIDTHS)):
    return any(frozen[f"item.{name}.present"][one] > 0 for name in names)


def aligned(adapter, one, names=tuple(WIDTHS)):
    if not has(one, names):
        return torch.zeros(D if adapter else sum(WIDTHS[name] for name in names))
    x = joined(one, names)
    return unit(x @ adapter["weight"] + adapter["bias"] if adapter else x)


def codes_of(vectors, there, centers):
    """Numbers of the nearest centers from 1, level by level; 0 for items without a vector."""
    rows = []
    for one, vector in enumerate(vectors):
        numbers, left = [], vector
        for level in range(LEVELS):
            distances = ((centers[level] - left) ** 2).sum(-1)
            numbers.append(int(distances.argmin()) + 1 if there[one] else 0)
            left = left - centers[level][distances.argmin()]
        rows.append(numbers)
    return torch.tensor(rows)


def shares(codes):
    """For each level the share of a history's events that have the candidate's codes down to it."""
    rows = torch.zeros(B, LEVELS)
    for row in range(B):
        events = [int(one) for one in history[row] if one > 0]
        own = codes[item[row]].tolist()
        for level in range(LEVELS):
            same = [codes[one].tolist()[: level + 1] == own[: level + 1] and own[0] > 0 for one in events]
            rows[row, level] = sum(same) / len(events) if events else 0
    return rows


def features(p, ids, codes, side_by_side):
    """The embeddings of codes, then those of neighbors: [.., W]."""
    rows = []
    for one in ids.flatten().tolist():
        parts = [p[f"code.{name}.{level + 1}"][numbers[one, level]] for name, numbers in codes.items() for level in range(LEVELS)]
        near = [p["code.neighbor"][item_row[other]] for other in neighbors[one].tolist() if other > 0]
        if side_by_side:
            parts += near + [torch.zeros(EMBEDDING)] * (NEIGHBORS - len(near))
        else:
            parts.append(sum(near) / len(near) if near else torch.zeros(EMBEDDING))
        rows.append(torch.cat(parts))
    return torch.stack(rows).reshape(*ids.shape, -1)


def model(options, sources, adapter=None, ids=False, din=True):
    side_by_side = options.get("neighborPool") == "concat"
    p, remembered, codes = ClickLayers(), {}, {}
    p.declare_fields("item", {"id": ITEM_ROWS, "category": 3})
    for name, modalities in sources.items():
        vectors = torch.stack([aligned(adapter, one, modalities) for one in range(ITEMS + 1)])
        centers = rounded(0.6 * torch.randn(LEVELS, CENTERS, vectors.shape[1]))
        codes[name] = codes_of(vectors, [has(one, modalities) for one in range(ITEMS + 1)], centers)
        remembered |= {f"centers.{name}": centers, f"codes.{name}": codes[name]}
        for level in range(LEVELS):
            p.declare(f"code.{name}.{level + 1}", CENTERS + 1, EMBEDDING)
    p.declare("code.neighbor", ITEM_ROWS, EMBEDDING)
    remembered["neighbors"] = neighbors
    width = len(sources) * LEVELS * EMBEDDING + (NEIGHBORS if side_by_side else 1) * EMBEDDING
    if din:
        declare_unit(p, "code", width)
        if ids:
            declare_unit(p, "id", ITEM_WIDTH)
    read = width + (ITEM_WIDTH if ids else 0)
    p.declare("field.behavior", BEHAVIORS + 1, read)
    p.declare_output(read + len(sources) * LEVELS, width + ITEM_WIDTH)
    s, e, done = features(p, item, codes, side_by_side), p.id(item), p["field.behavior"][behavior]
    events = features(p, history, codes, side_by_side) + done[..., :width]
    reasons = None
    if din:
        readings = [interest(p, "code", events, s)]
        if ids:
            readings.append(interest(p, "id", p.id(history) + done[..., width:], e))
        reasons = {"attention": sum(weights for _, weights in readings) / len(readings)}
        found = torch.cat([summed for summed, _ in readings], 1)
    else:
        found = mean(events)
    counted = torch.cat([shares(numbers) for numbers in codes.values()], 1)
    logits = p.output(torch.cat([found, counted], 1), torch.cat([e, s], 1))
    part = variant({"alignment": "adapter" if adapter else "none", **options}, p, logits, reasons=reasons)
    if adapter:
        remembered |= {f"adapter.joined.{name}": value for name, value in adapter.items()}
    return {**part, "parameters": {**part["parameters"], **arrays(remembered)}}


def alignment():
    """Three pairs that count, two of which share an item, one whose item has no vector, and a row that only fills up."""
    adapter = {"weight": drawn(sum(WIDTHS.values()), D, scale=0.5), "bias": drawn(D, scale=0.2)}
    first, second = torch.tensor([1, 4, 1, 0, 6]), torch.tensor([2, 5, 7, 3, 4])
    weights = torch.tensor([0.25, 0.25, 0.25, 0.25, 0.0])
    counts = [w.item() if has(a) and has(b) else 0.0 for w, a, b in zip(weights, first.tolist(), second.tolist())]
    a, b = ([aligned(adapter, one) for one in ids.tolist()] for ids in (first, second))

    def nce(u, j):
        total = 0
        for i in range(5):
            others = [k for k in range(5) if counts[k] > 0 and first[k] != first[i] and second[k] != second[i]]
            scores = torch.stack([u[i] @ j[k] / TEMPERATURE for k in [i, *others]])
            total = total - counts[i] * F.log_softmax(scores, 0)[0]
        return total

    loss = (nce(a, b) + nce(b, a)) / 2
    pairs = {"first": first, "second": second, "weight": weights}
    named = {f"adapter.joined.{name}": value for name, value in adapter.items()}
    return {"inputs": arrays(pairs), "parameters": arrays(named), "loss": scalar(loss), "gradients": gradients(loss, named)}


together = {"joined": tuple(WIDTHS)}
fitted = {"weight": rounded(0.5 * torch.randn(sum(WIDTHS.values()), D)), "bias": rounded(0.2 * torch.randn(D))}
models = {
    "joined": model({}, together, fitted),
    "both": model({"events": "both"}, together, ids=True),
    "each": model({"codesOf": "each", "neighborPool": "concat", "read": "mean"}, {name: (name,) for name in WIDTHS}, din=False),
}
write_clicks({**models, "alignment": alignment()})

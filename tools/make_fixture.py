"""SimTier + MAKE, tiny and in PyTorch: weights, inputs, logits, loss and gradients for the parity test.

    "$PEER_PYTHON" tools/make_fixture.py test/fixtures/make.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

Cosines are counted event by event. The file's parts are those of click_blocks.py. Its variants:
  stages   the second stage of the defaults
  beside   both losses at once, no gradient from the model of ids to the extractor; counts, from a cosine of -0.5 on
  coupled  both losses at once, and no tiers
  matched  the second stage; hidden values join hidden values, and the logit is added with a learned weight
and beside them
  extractor  the first stage: the extractor's loss, and its gradients
"""

import math
import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from click_blocks import (  # noqa: E402
    BEHAVIORS, B, D, HIDDEN as OUTPUT, ITEM_ROWS, ITEM_WIDTH, WIDTHS, ClickLayers, behavior, declare_unit, frozen, history, interest, item, item_numbers, log_loss,
    variant,
    write_clicks,
)
from fixture import arrays, gradients, scalar  # noqa: E402

TIERS, HIDDEN = 4, 4


def prelu(p, name, x):
    return torch.where(x > 0, x, p[f"{name}.slope"] * x)


def tiers(p, name, lowest, values):
    """How many events are how similar, then whether the candidate has a vector: [B, TIERS + 1]."""
    vectors, present = frozen[f"item.{name}"], frozen[f"item.{name}.present"]
    counts = torch.zeros(B, TIERS)
    for row in range(B):
        for one in history[row].tolist():
            if one > 0 and present[one] > 0 and present[item[row]] > 0:
                cosine = F.cosine_similarity(vectors[one], vectors[item[row]], dim=0).item()
                tier = math.ceil((cosine - lowest) / (1 - lowest) * TIERS) - 1
                counts[row, min(max(tier, 0), TIERS - 1)] += 1
    read = torch.log1p(counts) * p[f"tiers.{name}.weight"] if values == "log" else counts
    return torch.cat([read, present[item][:, None]], 1)


def declare_extractor(p):
    for name, width in WIDTHS.items():
        p.declare_linear(f"extractor.{name}", width, D)
        p.declare(f"extractor.{name}.missing", 1, D)
    p.declare_linear("extractor.join", 2 * D, D)
    declare_unit(p, "extractor", D)
    p.declare("extractor.behavior", BEHAVIORS + 1, D)
    for at, (fan_in, fan_out) in enumerate([(2 * D, HIDDEN), (HIDDEN, HIDDEN // 2)]):
        p.declare_linear(f"extractor.hidden.{at}", fan_in, fan_out)
        p.declare(f"extractor.hidden.{at}.slope", fan_out, center=0.25, scale=0.1)
    p.declare_linear("extractor.logit", HIDDEN // 2, 1)


def content(p, ids):
    parts = []
    for name in WIDTHS:
        lacks = 1 - frozen[f"item.{name}.present"][ids]
        parts.append(p.affine(f"extractor.{name}", frozen[f"item.{name}"][ids]) + lacks[..., None] * p[f"extractor.{name}.missing"])
    return p.affine("extractor.join", torch.cat(parts, -1))


def extract(p):
    """Interest, both hidden layers and logit of the extractor, and its weights of events."""
    x = content(p, item)
    v, weights = interest(p, "extractor", content(p, history) + p["extractor.behavior"][behavior], x)
    hidden, g = [], torch.cat([v, x], 1)
    for at in range(2):
        g = prelu(p, f"extractor.hidden.{at}", p.affine(f"extractor.hidden.{at}", g))
        hidden.append(g)
    return v, hidden, p.affine("extractor.logit", hidden[1]), weights


def model(options, schedule, count, lowest=-1.0, values="log", weight=0.0):
    p = ClickLayers()
    p.declare_fields("item", {"id": ITEM_ROWS, "category": 3})
    declare_extractor(p)
    declare_unit(p, "id", ITEM_WIDTH)
    p.declare_behavior(ITEM_WIDTH)
    if count and values == "log":
        for name in WIDTHS:
            p.declare(f"tiers.{name}.weight", count, center=1.0)
    matched = options.get("inject") == "matched"
    width = ITEM_WIDTH + D + (0 if matched else HIDDEN // 2 + 1) + (len(WIDTHS) * (count + 1) if count else 0)
    p.declare_output(width, ITEM_WIDTH)
    if matched:
        p.declare("output.1.weight", OUTPUT + HIDDEN, OUTPUT // 2)
        p.declare("output.2.weight", OUTPUT // 2 + HIDDEN // 2, 1)
        p.declare("output.extractor", 1, center=1.0)
    e = p.id(item)
    v_id, weights = interest(p, "id", p.id(history) + p["field.behavior"][behavior], e)
    v, (wide, g), y, of_content = extract(p)
    joined = [v] if matched else [part.detach() for part in (v, g, y)] if schedule == "beside" else [v, g, y]
    counted = [tiers(p, name, lowest, values) for name in WIDTHS] if count else []
    found = torch.cat([v_id, *counted, *joined], 1)
    if matched:
        x = torch.cat([found, e, item_numbers[item], p.user()], 1)
        for at, more in enumerate([wide, g]):
            x = torch.cat([prelu(p, f"output.{at}", p.affine(f"output.{at}", x)), more], 1)
        logits = (p.affine("output.2", x) + p["output.extractor"] * y)[:, 0]
    else:
        logits = p.output(found, e)
    losses = [weight * log_loss(y[:, 0])] if weight else []
    told = {"schedule": schedule, "tiers": count, "lowest": lowest, "tierValues": values, **({"extractorWeight": weight} if weight else {})}
    return variant({**told, **options}, p, logits, *losses, reasons={"attention": (weights + of_content) / 2})


def extractor():
    p = ClickLayers()
    declare_extractor(p)
    loss = log_loss(extract(p)[2][:, 0])
    return {"inputs": {}, "parameters": arrays(p.learned), "loss": scalar(loss), "gradients": gradients(loss, p.learned)}


models = {
    "stages": model({}, "stages", TIERS),
    "beside": model({}, "beside", TIERS, lowest=-0.5, values="count", weight=0.5),
    "coupled": model({}, "coupled", 0, weight=0.5),
    "matched": model({"inject": "matched"}, "stages", TIERS),
}
write_clicks({**models, "extractor": extractor()})

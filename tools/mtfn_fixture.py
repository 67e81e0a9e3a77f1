"""MTFN, tiny and in PyTorch: weights, inputs, logits, loss and gradients for the parity test.

    "$PEER_PYTHON" tools/mtfn_fixture.py test/fixtures/mtfn.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

Ranks are taken one after the other. The file's parts are those of click_blocks.py. Its variants:
  product   the defaults
  matching  scores of matching beside the fused vectors, modalities averaged before they are fused, neither tanh nor the last layer
  concat    one linear map of the modalities side by side
"""

import sys

import torch

sys.dont_write_bytecode = True
from click_blocks import D, MODALITIES, ClickLayers, behavior, history, item, mean, variant, write_clicks  # noqa: E402

RANK, O = 3, 2


def model(concat=False):
    p = ClickLayers()
    p.declare_items()
    if concat:
        p.declare_linear("fusion", 3 * D, O)
    else:
        for m in MODALITIES:
            p.declare_linear(f"fusion.{m}", D, RANK * O)
    p.declare_behavior(O)
    return p


def ranked(p, name, x, k):
    """x through the columns of rank k."""
    columns = slice(k * O, (k + 1) * O)
    made = x @ p[f"{name}.weight"][:, columns]
    return made + p[f"{name}.bias"][columns] if f"{name}.bias" in p.learned else made


def fused(p, t):
    h = 0
    for k in range(RANK):
        product = 1
        for m in MODALITIES:
            product = product * ranked(p, f"fusion.{m}", t[m], k)
        h = h + product
    return h


def tanh(vectors):
    return {m: torch.tanh(x) for m, x in vectors.items()}


def product():
    p = model()
    p.declare_linear("compress", O, O)
    p.declare_output(O, O)

    def y(ids):
        return p.affine("compress", fused(p, tanh(p.vectors(ids))))

    return variant({}, p, p.output(mean(y(history) + p["field.behavior"][behavior]), y(item)))


def matching():
    p = model()
    p.declare("match.history.weight", 3 * D, RANK * O)
    p.declare("match.candidate.weight", 3 * D, RANK * O)
    p.declare_output(O + RANK, O)
    past, now = {m: mean(x) for m, x in p.vectors(history).items()}, p.vectors(item)
    interest = mean(fused(p, past)[:, None] + p["field.behavior"][behavior])
    sides = [torch.cat(list(t.values()), -1) for t in (past, now)]
    scores = []
    for k in range(RANK):
        both = [ranked(p, f"match.{name}", side, k) for name, side in zip(("history", "candidate"), sides)]
        scores.append((both[0] * both[1]).sum(1))
    options = {"score": "matching", "fuse": "pooled", "bounded": False, "compress": False}
    return variant(options, p, p.output(torch.cat([interest, torch.stack(scores, 1)], 1), fused(p, now)))


def concat():
    p = model(concat=True)
    p.declare_output(O, O)

    def side_by_side(ids):
        return p.affine("fusion", torch.cat(list(tanh(p.vectors(ids)).values()), -1))

    logits = p.output(mean(side_by_side(history) + p["field.behavior"][behavior]), side_by_side(item))
    return variant({"fusion": "concat", "compress": False}, p, logits)


write_clicks({"product": product(), "matching": matching(), "concat": concat()})

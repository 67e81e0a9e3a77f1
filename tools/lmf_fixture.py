"""LMF, tiny and in PyTorch: weights, inputs, logits, loss and gradients for the parity test.

    "$PEER_PYTHON" tools/lmf_fixture.py test/fixtures/lmf.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

The fusion is computed as it is defined, the slow way: the outer product of the vectors, each with a 1 in front, against the whole tensor of weights,
which is put together of its factors. The file's parts are those of click_blocks.py. Its variants:
  product   the defaults
  apart     three layers before the fusion, factors of their own for events, modalities averaged before they are fused
  concat    one linear map of the modalities side by side
"""

import sys

import torch

sys.dont_write_bytecode = True
from click_blocks import D, MODALITIES, ClickLayers, behavior, history, item, mean, variant, write_clicks  # noqa: E402

RANK, O = 3, 2


def declare_fusion(p, name):
    for m in MODALITIES:
        p.declare_linear(f"{name}.{m}", D, RANK * O)
    p.declare(f"{name}.ranks", RANK, 1)
    p.declare(f"{name}.bias", O)


def fused(p, name, z):
    """W has an axis for each modality and one for the output."""
    factors = [torch.cat([p[f"{name}.{m}.bias"][None], p[f"{name}.{m}.weight"]]).reshape(D + 1, RANK, O) for m in MODALITIES]
    whole = sum(p[f"{name}.ranks"][k, 0] * torch.einsum("ao,bo,co->abco", *(factor[:, k] for factor in factors)) for k in range(RANK))
    with_ones = [torch.cat([torch.ones(x.shape[:-1] + (1,)), x], -1) for x in (z[m] for m in MODALITIES)]
    outer = torch.einsum("...a,...b,...c->...abc", *with_ones)
    return torch.einsum("...abc,abco->...o", outer, whole) + p[f"{name}.bias"]


def product():
    p = ClickLayers()
    p.declare_items()
    declare_fusion(p, "fusion")
    p.declare_behavior(O)
    p.declare_output(O, O)
    events = fused(p, "fusion", p.vectors(history)) + p["field.behavior"][behavior]
    return variant({}, p, p.output(mean(events), fused(p, "fusion", p.vectors(item))))


def apart():
    p = ClickLayers()
    p.declare_items()
    for m in MODALITIES:
        p.declare_mlp(f"subnet.{m}", [D, D, D, D])
    declare_fusion(p, "fusion")
    declare_fusion(p, "eventFusion")
    p.declare_behavior(O)
    p.declare_output(O, O)

    def z(ids):
        return {m: p.mlp(f"subnet.{m}", x, 3, last=True) for m, x in p.vectors(ids).items()}

    pooled = fused(p, "eventFusion", {m: mean(x) for m, x in z(history).items()})
    events = pooled[:, None] + p["field.behavior"][behavior]
    options = {"subnet": "mlp", "sharedFactors": False, "fuse": "pooled"}
    return variant(options, p, p.output(mean(events), fused(p, "fusion", z(item))))


def concat():
    p = ClickLayers()
    p.declare_items()
    p.declare_linear("fusion", 3 * D, O)
    p.declare_behavior(O)
    p.declare_output(O, O)

    def side_by_side(ids):
        return p.affine("fusion", torch.cat(list(p.vectors(ids).values()), -1))

    return variant({"fusion": "concat"}, p, p.output(mean(side_by_side(history) + p["field.behavior"][behavior]), side_by_side(item)))


write_clicks({"product": product(), "apart": apart(), "concat": concat()})

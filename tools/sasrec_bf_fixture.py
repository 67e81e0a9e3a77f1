"""SASRec + behavior + features, tiny and in PyTorch's own layers: weights, inputs, outputs and gradients for the parity test.

    "$PEER_PYTHON" tools/sasrec_bf_fixture.py test/fixtures/sasrec-bf.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

An item's row is its embedding + its brand's + W_image v + b_image, with a learned vector besides where v is missing (a row of zeros).
An event is its item's row + the vector of its behavior (1 + the behavior, 0 at the padding) + its position, layer-normalized; then two
torch.nn.TransformerEncoderLayers (post-norm, exact GELU, 4d), causal, without dropout. user is their output at `sources`, the rows
b * L + l that targets are read at. loss = sum(user * upstream.user) + sum(rows * upstream.table).

inputs, parameters and gradients have the names of the model in this repository; matrices multiply from the right, W is [in, out].
"""

import sys

import torch
from torch import nn

sys.dont_write_bytecode = True
from fixture import arrays, drawn, gradients, scalar, write  # noqa: E402

D, HEADS, LAYERS, ITEMS, BRANDS, WIDTH, POSITIONS = 4, 2, 2, 7, 3, 3, 6

torch.manual_seed(17)
history = torch.tensor([[3, 1, 4, 1], [2, 6, 0, 0]])
behavior = torch.tensor([[1, 2, 1, 1], [2, 1, 0, 0]])
brand = torch.tensor([0, 1, 2, 1, 0, 2, 1])
present = torch.tensor([0.0, 1, 1, 0, 1, 1, 1])
vectors = drawn(ITEMS, WIDTH).detach() * present[:, None]
sources = torch.tensor([0, 2, 3, 5])
B, L = history.shape

P = {
    "item": drawn(ITEMS, D),
    "behavior": drawn(3, D),
    "field.brand": drawn(BRANDS, D),
    "image.weight": drawn(WIDTH, D),
    "image.bias": drawn(D),
    "image.missing": drawn(1, D),
    "position": drawn(POSITIONS, D),
    "norm.scale": drawn(D, center=1.0, scale=0.3),
    "norm.shift": drawn(D),
}
for layer in range(LAYERS):
    name = f"block{layer}"
    for part in ("query", "key", "value", "output"):
        P[f"{name}.attention.{part}.weight"], P[f"{name}.attention.{part}.bias"] = drawn(D, D, scale=0.5), drawn(D, scale=0.5)
    P[f"{name}.feedForward.inner.weight"], P[f"{name}.feedForward.inner.bias"] = drawn(D, 4 * D, scale=0.5), drawn(4 * D, scale=0.5)
    P[f"{name}.feedForward.outer.weight"], P[f"{name}.feedForward.outer.bias"] = drawn(4 * D, D, scale=0.5), drawn(D, scale=0.5)
    for norm in ("norm1", "norm2"):
        P[f"{name}.{norm}.scale"], P[f"{name}.{norm}.shift"] = drawn(D, center=1.0, scale=0.3), drawn(D, scale=0.3)


def encoder_layer(name):
    """PyTorch's layer, called with our parameters in its own names, whose matrices are [out, in]."""
    layer = nn.TransformerEncoderLayer(D, HEADS, 4 * D, dropout=0.0, activation="gelu", batch_first=True)
    joined = [P[f"{name}.attention.{part}.weight"].T for part in ("query", "key", "value")]
    theirs = {
        "self_attn.in_proj_weight": torch.cat(joined),
        "self_attn.in_proj_bias": torch.cat([P[f"{name}.attention.{part}.bias"] for part in ("query", "key", "value")]),
        "self_attn.out_proj.weight": P[f"{name}.attention.output.weight"].T,
        "self_attn.out_proj.bias": P[f"{name}.attention.output.bias"],
        "linear1.weight": P[f"{name}.feedForward.inner.weight"].T,
        "linear1.bias": P[f"{name}.feedForward.inner.bias"],
        "linear2.weight": P[f"{name}.feedForward.outer.weight"].T,
        "linear2.bias": P[f"{name}.feedForward.outer.bias"],
    }
    for norm in ("norm1", "norm2"):
        theirs |= {f"{norm}.weight": P[f"{name}.{norm}.scale"], f"{norm}.bias": P[f"{name}.{norm}.shift"]}
    return lambda x, mask: torch.func.functional_call(layer, theirs, (x,), {"src_mask": mask})


table = P["item"] + P["field.brand"][brand] + vectors @ P["image.weight"] + P["image.bias"]
table = table + (1 - present)[:, None] * P["image.missing"]
x = table[history] + P["behavior"][behavior] + P["position"][:L]
x = nn.functional.layer_norm(x, (D,), P["norm.scale"], P["norm.shift"])
causal = torch.full((L, L), float("-inf")).triu(1)
for layer in range(LAYERS):
    x = encoder_layer(f"block{layer}")(x, causal)
user = x.flatten(0, 1)[sources]
upstream = {"user": drawn(len(sources), D).detach(), "table": drawn(ITEMS, D).detach()}
loss = (user * upstream["user"]).sum() + (table * upstream["table"]).sum()
write(
    {
        "config": {"hiddenSize": D, "heads": HEADS, "layers": LAYERS, "maxLength": POSITIONS},
        "inputs": arrays(
            {
                "batch.history": history,
                "batch.behavior": behavior,
                "batch.sources": sources,
                "item.field.brand": brand,
                "item.image": vectors,
                "item.image.present": present,
                **{f"upstream.{name}": value for name, value in upstream.items()},
            }
        ),
        "parameters": arrays(P),
        "outputs": arrays({"user": user, "table": table}),
        "loss": scalar(loss),
        "gradients": gradients(loss, P),
    }
)

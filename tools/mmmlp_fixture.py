"""A tiny MMMLP in PyTorch, straight from the equations: weights, inputs, loss and gradients for the parity test.

    "$PEER_PYTHON" tools/mmmlp_fixture.py test/fixtures/mmmlp.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

The model, without dropout: streams X = norm(item[history]), and norm_m(a_m W + b) of pictures and texts; where a vector is missing, a row of zeros, a
learned one is added before the norm. A mixer adds to X what a feed-forward layer makes of norm(X), first across places, a convolution of kernel 1
whose channels are places, then across channels. Ids are mixed `layers` times, pictures and texts once. u = norm(norm_f([id ; text ; picture]) W + b)
at the last place; with `fusion: mixer` one more mixer, three times as wide, comes before it. The loss: the sum of weights times -log softmax(u @
items^T)[target], over the rows of the table but row 0, the padding's.

The file, for `released`, as the published code has it: full histories, one mixer for all layers, no fusion mixer; and for `padded`: histories that end
earlier in a batch that is shorter than the weights, which read zeros where there is padding, a mixer a layer, and a fusion mixer:
  config     batch B, length L, positions (places the weights have), hidden d, layers, expansion, items (rows of the table, row 0 being the padding) and
             width (of pictures and texts)
  inputs     by the names of the training graph's inputs; sources are the rows b * L + l that targets are read at; the last target only pads
  parameters by the names that the model in this repository gives them; matrices multiply from the right, x @ W, W is [in, out]
  users      [targets, d]: u
  loss       one number
  gradients  of the loss, by parameter name
"""

import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from blocks import Layers, catalog_loss  # noqa: E402
from fixture import array, arrays, content, gradients, scalar, write  # noqa: E402

B, L, D, LAYERS, EXPANSION, ITEMS, WIDTH = 3, 5, 4, 2, 2, 10, 3
MODALITIES = ("image", "text")
MISSING = {"image": (0, 4), "text": (0, 8)}


class Mmmlp(Layers):
    def __init__(self, positions, shared, fused):
        super().__init__()
        self.positions, self.fused = positions, fused
        self.of_ids = ["id"] * LAYERS if shared else [f"id.layer{at}" for at in range(LAYERS)]
        self.declare("item", ITEMS, D)
        self.declare_norm("norm", D)
        for modality in MODALITIES:
            self.declare_linear(modality, WIDTH, D)
            self.declare(f"{modality}.missing", 1, D)
            self.declare_norm(f"{modality}.norm", D)
        for name in {name: None for name in (*self.of_ids, *MODALITIES)}:
            self.declare_mixer(name, D)
        if fused:
            self.declare_mixer("fusion", 3 * D)
        self.declare_norm("fusion.norm", 3 * D)
        self.declare_linear("fusion", 3 * D, D)

    def declare_mixer(self, name, width):
        self.declare_norm(f"{name}.tokens.norm", width)
        self.declare_linear(f"{name}.tokens.in", self.positions, EXPANSION * self.positions)
        self.declare_linear(f"{name}.tokens.out", EXPANSION * self.positions, self.positions)
        self.declare_norm(f"{name}.channels.norm", width)
        self.declare_linear(f"{name}.channels.in", width, EXPANSION * width)
        self.declare_linear(f"{name}.channels.out", EXPANSION * width, width)

    def convolved(self, name, x):
        return F.conv1d(x, self[f"{name}.weight"].T[:, :, None], self[f"{name}.bias"])

    def mixed(self, name, x, mask):
        # As long as the weights are: what a shorter batch leaves out is padding.
        seen = self.norm(f"{name}.tokens.norm", x) * mask[:, :, None]
        whole = F.pad(seen, (0, 0, 0, self.positions - L))
        x = x + self.convolved(f"{name}.tokens.out", F.gelu(self.convolved(f"{name}.tokens.in", whole)))[:, :L]
        inner = F.gelu(self.affine(f"{name}.channels.in", self.norm(f"{name}.channels.norm", x)))
        return x + self.affine(f"{name}.channels.out", inner)

    def users(self, inputs):
        history = inputs["history"]
        mask = (history > 0).to(torch.float64)
        ids = self.norm("norm", self["item"][history])
        for name in self.of_ids:
            ids = self.mixed(name, ids, mask)
        streams = {}
        for modality in MODALITIES:
            lacks = (1 - inputs[f"item.{modality}.present"])[:, None]
            vectors = self.affine(modality, inputs[f"item.{modality}"]) + lacks * self[f"{modality}.missing"]
            streams[modality] = self.mixed(modality, self.norm(f"{modality}.norm", vectors[history]), mask)
        joined = torch.cat([ids, streams["text"], streams["image"]], -1)
        if self.fused:
            joined = self.mixed("fusion", joined, mask)
        at_last = joined.flatten(0, 1)[inputs["sources"]]
        return self.norm("norm", self.affine("fusion", self.norm("fusion.norm", at_last)))


def part(history, positions, shared, fused):
    last = (history > 0).sum(1) - 1
    inputs = {
        "history": history,
        "sources": torch.cat([torch.arange(B) * L + last, torch.tensor([0])]),
        "targets": torch.tensor([4, 9, 1, 0]),
        "weights": torch.tensor([0.5, 0.2, 0.3, 0.0]),
    }
    for modality in MODALITIES:
        inputs |= content(modality, (ITEMS, WIDTH), MISSING[modality])
    model = Mmmlp(positions, shared, fused)
    users = model.users(inputs)
    loss = catalog_loss(users, model["item"], inputs["targets"], inputs["weights"])
    return {
        "config": {
            "batch": B,
            "length": L,
            "positions": positions,
            "hidden": D,
            "layers": LAYERS,
            "expansion": EXPANSION,
            "items": ITEMS,
            "width": WIDTH,
        },
        "inputs": arrays(inputs),
        "parameters": arrays(model.learned),
        "users": array(users),
        "loss": scalar(loss),
        "gradients": gradients(loss, model.learned),
    }


torch.manual_seed(19)
write(
    {
        "released": part(torch.tensor([[3, 1, 4, 1, 5], [2, 6, 8, 9, 7], [7, 9, 3, 4, 8]]), L, shared=True, fused=False),
        "padded": part(torch.tensor([[3, 1, 4, 1, 5], [2, 6, 8, 0, 0], [7, 0, 0, 0, 0]]), L + 2, shared=False, fused=True),
    }
)

"""A tiny IISAN in PyTorch, straight from the equations: weights, inputs, rows of items, losses and gradients for the parity test.

    "$PEER_PYTHON" tools/iisan_last_fixture.py test/fixtures/iisan-last.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

An item has T taps of each modality, side by side in one vector. A(x) = x + ReLU(x W_down + b) W_up + b', s = sigmoid(gate / 0.1). The tower of a
modality: h <- A(s a_i + (1 - s) h) over its taps, from zeros, then two linear layers; a learned vector is added where an item has none (a row of zeros).
The tower across: h <- A(h + s a_i + (1 - s) b_i), a of pictures and b of texts; where pictures are wider, each of their taps goes through a linear layer
first. x = [picture ; text ; across] W + b. Causal post-norm blocks with ReLU read norm(x[history] + P).

The file:
  softmax    two taps, cross-entropy over the rows of the table but row 0, the padding's
  in-batch   one tap, equal widths, sums in place of gates in the towers of modalities: a target's logits are u . x of the batch's targets minus the
             logarithm of their share, less those that hold an item of the same window and the last, which only pads
Each has
  config     batch B, length L, hidden d, heads, layers, items (rows of the table, row 0 being the padding), taps, adapter, and the widths of a vector
  inputs     by the names of the training graph's inputs; sources are the rows b * L + l that targets are read at
  parameters by the names that the model in this repository gives them; matrices multiply from the right, x @ W, W is [in, out]
  table      [items, d]: x
  users      [B, L, d]: u
  loss       one number
  gradients  of the loss, by parameter name
"""

import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from blocks import Layers, catalog_loss  # noqa: E402
from fixture import array, arrays, content, gradients, rounded, scalar, write  # noqa: E402

B, L, D, HEADS, LAYERS, ITEMS, ADAPTER = 3, 5, 8, 2, 2, 10, 3
MISSING = {"image": (0, 4), "text": (0, 8)}
HISTORY = torch.tensor([[3, 1, 4, 1, 5], [2, 6, 8, 0, 0], [7, 9, 0, 0, 0]])


class Iisan(Layers):
    def __init__(self, taps, widths, added):
        super().__init__()
        self.taps, self.widths, self.added = taps, {name: width // taps for name, width in widths.items()}, added
        narrow = min(self.widths.values())
        for name, width in (*self.widths.items(), ("across", narrow)):
            for tap in range(taps):
                if name == "across" or not added:
                    self.declare(f"{name}.tap{tap}.gate", 1)
                self.declare_linear(f"{name}.tap{tap}.down", width, ADAPTER)
                self.declare_linear(f"{name}.tap{tap}.up", ADAPTER, width)
            self.declare_linear(f"{name}.full", width, width)
            self.declare_linear(f"{name}.out", width, D)
        for name, width in self.widths.items():
            self.declare(f"{name}.missing", 1, D)
            if width > narrow:
                self.declare_linear(f"across.{name}", width, narrow)
        self.declare_linear("join", 3 * D, D)
        self.declare("position", L, D)
        self.declare_norm("norm", D)
        for layer in range(LAYERS):
            self.declare_block(f"block{layer}", D)

    def share(self, name):
        return torch.sigmoid(self[f"{name}.gate"] / 0.1)

    def adapted(self, name, x):
        return x + self.affine(f"{name}.up", F.relu(self.affine(f"{name}.down", x)))

    def behind(self, name, x):
        return self.affine(f"{name}.out", self.affine(f"{name}.full", x))

    def single(self, name, taps, present):
        state = torch.zeros_like(taps[0])
        for tap, own in enumerate(taps):
            if self.added:
                mixed = own + state
            else:
                share = self.share(f"{name}.tap{tap}")
                mixed = share * own + (1 - share) * state
            state = self.adapted(f"{name}.tap{tap}", mixed)
        return self.behind(name, state) + (1 - present)[:, None] * self[f"{name}.missing"]

    def across(self, images, texts):
        state = 0
        for tap, (image, text) in enumerate(zip(images, texts)):
            share = self.share(f"across.tap{tap}")
            state = self.adapted(f"across.tap{tap}", state + share * image + (1 - share) * text)
        return self.behind("across", state)

    def items(self, inputs):
        taps = {name: inputs[f"item.{name}"].chunk(self.taps, 1) for name in self.widths}
        sides = [self.single(name, taps[name], inputs[f"item.{name}.present"]) for name in ("image", "text")]
        narrow = {
            name: [self.affine(f"across.{name}", x) if f"across.{name}.weight" in self.learned else x for x in taps[name]]
            for name in taps
        }
        return self.affine("join", torch.cat([*sides, self.across(narrow["image"], narrow["text"])], 1))

    def users(self, rows):
        x = self.norm("norm", rows + self["position"])
        for layer in range(LAYERS):
            x = self.block(f"block{layer}", x, HEADS, F.relu)
        return x


def in_batch(users, table, inputs):
    targets, weights = inputs["targets"].tolist(), inputs["weights"].tolist()
    windows = (inputs["sources"] // L).tolist()
    loss = 0
    for p, (target, window) in enumerate(zip(targets, windows)):
        if weights[p] == 0:
            continue
        own = {item for item in HISTORY[window].tolist() if item > 0}
        own |= {targets[q] for q in range(len(targets)) if windows[q] == window and weights[q] > 0}
        columns = [c for c in range(len(targets)) if c == p or (weights[c] > 0 and targets[c] not in own)]
        logits = torch.stack([users[p] @ table[targets[c]] - inputs["item.logShare"][targets[c]] for c in columns])
        loss = loss - weights[p] * F.log_softmax(logits, 0)[columns.index(p)]
    return loss


def part(taps, widths, added):
    inputs = {
        "history": HISTORY,
        "sources": torch.tensor([0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 8]),
        # The second and third windows share items with the first.
        "targets": torch.tensor([1, 4, 1, 5, 9, 6, 8, 3, 9, 2, 0]),
        "weights": torch.tensor([0.1, 0.05, 0.1, 0.15, 0.1, 0.05, 0.15, 0.1, 0.05, 0.15, 0.0]),
    }
    for name, width in widths.items():
        inputs |= content(name, (ITEMS, width), MISSING[name])
    if added:
        inputs["item.logShare"] = rounded(torch.log(torch.rand(ITEMS)))
    model = Iisan(taps, widths, added)
    table = model.items(inputs)
    users = model.users(table[HISTORY])
    read = users.flatten(0, 1)[inputs["sources"]]
    loss = in_batch(read, table, inputs) if added else catalog_loss(read, table, inputs["targets"], inputs["weights"])
    return {
        "config": {
            "batch": B,
            "length": L,
            "hidden": D,
            "heads": HEADS,
            "layers": LAYERS,
            "items": ITEMS,
            "taps": taps,
            "adapter": ADAPTER,
            "widths": widths,
        },
        "inputs": arrays(inputs),
        "parameters": arrays(model.learned),
        "table": array(table),
        "users": array(users),
        "loss": scalar(loss),
        "gradients": gradients(loss, model.learned),
    }


torch.manual_seed(23)
write({"softmax": part(2, {"image": 8, "text": 6}, added=False), "in-batch": part(1, {"image": 4, "text": 4}, added=True)})

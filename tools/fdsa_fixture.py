"""A tiny FDSA in PyTorch, straight from the equations: weights, inputs, states, loss and gradients for the parity test.

    "$PEER_PYTHON" tools/fdsa_fixture.py test/fixtures/fdsa.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

The model, without dropout: an item's features a_k are its fields' embeddings and ReLU(a W + b), a its text; where the text is missing, a row of
zeros, a learned vector is added before the ReLU. f = sum_k b_k a_k, b = softmax_k(ReLU(a_k W_1 + b_1) w_2 + b_2); a single feature is f itself.
Two streams of causal post-norm blocks, as in sasrec_fixture.py, with weights of their own, read norm(item[history] + P) and
norm(f[history] + P): one P and one normalization. u = norm([x ; y] W + b), that normalization once more, x and y the streams' states.
The loss: the sum of weights times -log softmax(u @ items^T)[target], over the rows of the table but row 0, the padding's.

The file, for `fields`, two fields and a text, and for `text`, a text alone:
  config     batch B, length L, hidden d, heads, layers, items (rows of the table, row 0 being the padding), width (the text's), and for each field
             its number of values, value 0 included
  inputs     by the names of the training graph's inputs; sources are the rows b * L + l that targets are read at; the last target only pads
  parameters by the names that the model in this repository gives them; matrices multiply from the right, x @ W, W is [in, out]
  shares     [items, K]: the features' weights b, in the order of the fields and then the text
  features   [items, d]: f
  item       [B, L, d]: the states of the item stream, padded positions too; feature: the same of the feature stream
  users      [B, L, d]: u
  loss       one number
  gradients  of the loss, by parameter name
"""

import math
import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from fixture import array, arrays, gradients, rounded, write  # noqa: E402

B, L, D, HEADS, LAYERS, ITEMS, WIDTH = 3, 5, 8, 2, 2, 10, 3
FIELDS = {"brand": 5, "category": 4}
STREAMS = ("item", "feature")
# The pad has no text, and neither have two items of the histories.
MISSING = (0, 4, 8)


def declare(learned, name, *shape, center=0.0):
    learned[name] = rounded(center + (0.5 if len(shape) == 2 else 0.2) * torch.randn(*shape)).requires_grad_()


def declare_linear(learned, name, fan_in, fan_out):
    declare(learned, f"{name}.weight", fan_in, fan_out)
    declare(learned, f"{name}.bias", fan_out)


def declare_norm(learned, name):
    declare(learned, f"{name}.scale", D, center=1.0)
    declare(learned, f"{name}.shift", D)


def declared(fields):
    learned = {}
    declare(learned, "item", ITEMS, D)
    for field, values in fields.items():
        declare(learned, f"field.{field}", values, D)
    declare_linear(learned, "text", WIDTH, D)
    declare(learned, "text.missing", 1, D)
    if fields:
        declare_linear(learned, "features.inner", D, D)
        declare_linear(learned, "features.outer", D, 1)
    declare(learned, "position", L, D)
    declare_norm(learned, "norm")
    for stream in STREAMS:
        for layer in range(LAYERS):
            block = f"{stream}.block{layer}"
            for part in ("query", "key", "value", "output"):
                declare_linear(learned, f"{block}.attention.{part}", D, D)
            declare_linear(learned, f"{block}.feedForward.inner", D, 4 * D)
            declare_linear(learned, f"{block}.feedForward.outer", 4 * D, D)
            declare_norm(learned, f"{block}.norm1")
            declare_norm(learned, f"{block}.norm2")
    declare_linear(learned, "output", 2 * D, D)
    return learned


class Fdsa:
    def __init__(self, learned, fields):
        self.learned, self.fields = learned, fields

    def affine(self, name, x):
        return x @ self.learned[f"{name}.weight"] + self.learned[f"{name}.bias"]

    def norm(self, name, x):
        return F.layer_norm(x, (D,), self.learned[f"{name}.scale"], self.learned[f"{name}.shift"], 1e-5)

    def features(self, inputs):
        """b [items, K] and f [items, d] of every item."""
        lacks = 1 - inputs["item.text.present"][:, None]
        text = F.relu(self.affine("text", inputs["item.text"]) + lacks * self.learned["text.missing"])
        each = torch.stack([*(self.learned[f"field.{name}"][inputs[f"item.field.{name}"]] for name in self.fields), text], 1)
        if each.shape[1] == 1:
            return torch.ones(ITEMS, 1), text
        scores = self.affine("features.outer", F.relu(self.affine("features.inner", each)))
        shares = torch.softmax(scores[:, :, 0], 1)
        return shares, (shares[:, :, None] * each).sum(1)

    def block(self, name, x):
        def split(t):
            return t.view(B, L, HEADS, D // HEADS).transpose(1, 2)

        q, k, v = (split(self.affine(f"{name}.attention.{part}", x)) for part in ("query", "key", "value"))
        ahead = torch.full((L, L), -1e9).triu(1)
        attended = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(D / HEADS) + ahead, -1) @ v
        x = self.norm(f"{name}.norm1", x + self.affine(f"{name}.attention.output", attended.transpose(1, 2).reshape(B, L, D)))
        return self.norm(f"{name}.norm2", x + self.affine(f"{name}.feedForward.outer", F.gelu(self.affine(f"{name}.feedForward.inner", x))))

    def stream(self, name, rows):
        x = self.norm("norm", rows + self.learned["position"])
        for layer in range(LAYERS):
            x = self.block(f"{name}.block{layer}", x)
        return x


def catalog(fields):
    inputs = {}
    for name, values in fields.items():
        # Every value, 0 for unknown, and the pad has none.
        drawn = torch.cat([torch.arange(values), torch.randint(values, (ITEMS - 1 - values,))])[torch.randperm(ITEMS - 1)]
        inputs[f"item.field.{name}"] = torch.cat([torch.zeros(1, dtype=torch.int64), drawn])
    present = torch.ones(ITEMS)
    present[list(MISSING)] = 0
    return inputs | {"item.text": rounded(torch.randn(ITEMS, WIDTH)) * present[:, None], "item.text.present": present}


def part(fields):
    inputs = {
        "history": torch.tensor([[3, 1, 4, 1, 5], [2, 6, 8, 0, 0], [7, 9, 0, 0, 0]]),
        "sources": torch.tensor([0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 8]),
        "targets": torch.tensor([1, 4, 1, 5, 9, 6, 8, 3, 9, 2, 0]),
        "weights": torch.tensor([0.1, 0.05, 0.1, 0.15, 0.1, 0.05, 0.15, 0.1, 0.05, 0.15, 0.0]),
        **catalog(fields),
    }
    learned = declared(fields)
    model = Fdsa(learned, fields)
    shares, features = model.features(inputs)
    item = model.stream("item", learned["item"][inputs["history"]])
    feature = model.stream("feature", features[inputs["history"]])
    users = model.norm("norm", model.affine("output", torch.cat([item, feature], -1)))
    scores = users.flatten(0, 1)[inputs["sources"]] @ learned["item"][1:].T
    losses = F.cross_entropy(scores, (inputs["targets"] - 1).clamp(min=0), reduction="none")
    loss = (losses * inputs["weights"]).sum()
    return {
        "config": {
            "batch": B,
            "length": L,
            "hidden": D,
            "heads": HEADS,
            "layers": LAYERS,
            "items": ITEMS,
            "width": WIDTH,
            "fields": fields,
        },
        "inputs": arrays(inputs),
        "parameters": arrays(learned),
        "shares": array(shares),
        "features": array(features),
        "item": array(item),
        "feature": array(feature),
        "users": array(users),
        "loss": float(f"{loss.item():.9g}"),
        "gradients": gradients(loss, learned),
    }


torch.manual_seed(13)
write({"fields": part(FIELDS), "text": part({})})

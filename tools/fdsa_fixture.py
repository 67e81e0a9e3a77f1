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

import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from blocks import Layers, catalog_loss  # noqa: E402
from fixture import array, arrays, content, gradients, scalar, write  # noqa: E402

B, L, D, HEADS, LAYERS, ITEMS, WIDTH = 3, 5, 8, 2, 2, 10, 3
FIELDS = {"brand": 5, "category": 4}
STREAMS = ("item", "feature")
# The pad has no text, and neither have two items of the histories.
MISSING = (0, 4, 8)


class Fdsa(Layers):
    def __init__(self, fields):
        super().__init__()
        self.fields = fields
        self.declare("item", ITEMS, D)
        for field, values in fields.items():
            self.declare(f"field.{field}", values, D)
        self.declare_linear("text", WIDTH, D)
        self.declare("text.missing", 1, D)
        if fields:
            self.declare_linear("features.inner", D, D)
            self.declare_linear("features.outer", D, 1)
        self.declare("position", L, D)
        self.declare_norm("norm", D)
        for stream in STREAMS:
            for layer in range(LAYERS):
                self.declare_block(f"{stream}.block{layer}", D)
        self.declare_linear("output", 2 * D, D)

    def features(self, inputs):
        """b [items, K] and f [items, d] of every item."""
        lacks = 1 - inputs["item.text.present"][:, None]
        text = F.relu(self.affine("text", inputs["item.text"]) + lacks * self["text.missing"])
        each = torch.stack([*(self[f"field.{name}"][inputs[f"item.field.{name}"]] for name in self.fields), text], 1)
        if each.shape[1] == 1:
            return torch.ones(ITEMS, 1), text
        scores = self.affine("features.outer", F.relu(self.affine("features.inner", each)))
        shares = torch.softmax(scores[:, :, 0], 1)
        return shares, (shares[:, :, None] * each).sum(1)

    def stream(self, name, rows):
        x = self.norm("norm", rows + self["position"])
        for layer in range(LAYERS):
            x = self.block(f"{name}.block{layer}", x, HEADS)
        return x


def catalog(fields):
    inputs = {}
    for name, values in fields.items():
        # Every value, 0 for unknown, and the pad has none.
        drawn = torch.cat([torch.arange(values), torch.randint(values, (ITEMS - 1 - values,))])[torch.randperm(ITEMS - 1)]
        inputs[f"item.field.{name}"] = torch.cat([torch.zeros(1, dtype=torch.int64), drawn])
    return inputs | content("text", (ITEMS, WIDTH), MISSING)


def part(fields):
    inputs = {
        "history": torch.tensor([[3, 1, 4, 1, 5], [2, 6, 8, 0, 0], [7, 9, 0, 0, 0]]),
        "sources": torch.tensor([0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 8]),
        "targets": torch.tensor([1, 4, 1, 5, 9, 6, 8, 3, 9, 2, 0]),
        "weights": torch.tensor([0.1, 0.05, 0.1, 0.15, 0.1, 0.05, 0.15, 0.1, 0.05, 0.15, 0.0]),
        **catalog(fields),
    }
    model = Fdsa(fields)
    learned = model.learned
    shares, features = model.features(inputs)
    item = model.stream("item", learned["item"][inputs["history"]])
    feature = model.stream("feature", features[inputs["history"]])
    users = model.norm("norm", model.affine("output", torch.cat([item, feature], -1)))
    loss = catalog_loss(users.flatten(0, 1)[inputs["sources"]], learned["item"], inputs["targets"], inputs["weights"])
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
        "loss": scalar(loss),
        "gradients": gradients(loss, learned),
    }


torch.manual_seed(13)
write({"fields": part(FIELDS), "text": part({})})

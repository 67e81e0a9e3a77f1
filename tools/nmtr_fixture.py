"""A tiny NMTR in PyTorch, straight from the equations: weights, pairs, scores, loss and gradients for the parity test.

    "$PEER_PYTHON" tools/nmtr_fixture.py test/fixtures/nmtr.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

p = P[u], q = Q[i], b = bias[i]. z is [p; q; p * q] (ncf), [p; q] (mlp) or p * q (gmf, linear). The tower of a behavior: h = relu(h W + c), each layer half
as wide as the one before (gmf: one layer, D x D, without c; linear: none); f = h a. The chain, behavior after behavior: o = f + b for the first; then
(f + o) / 2 + b (mean), f + o + b (sum) or f + b (none). The loss: over behaviors the mean of lambda times the binary cross-entropy of sigmoid(o), where
lambda is 1 for the target, the last, and AUXILIARY for the others, divided by their sum. Scores are o of the target for each user and item, every pair
through its network for itself; somebody who was never trained on has the mean of his items' q for p.

The file, for each kind of tower with one kind of chain:
  config     behaviors, hidden D, layers, users, items (rows of the tables, row 0 pads), auxiliary
  inputs     by the names of the training graph's inputs; the last pair only fills up
  parameters by the names that the model in this repository gives them; matrices multiply from the right, x @ W, W is [in, out]
  history    [L]: items of somebody who was never trained on
  scores     [users, items] of users 0, that person, to the last
  loss       one number
  gradients  of the loss, by the names of the parameters that have one
"""

import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from blocks import Layers  # noqa: E402
from fixture import array, arrays, gradients, scalar, write  # noqa: E402

K, D, USERS, ITEMS, AUXILIARY = 3, 8, 5, 9, 0.5
PARTS = {"ncf": 3, "mlp": 2, "gmf": 1, "linear": 1}


class Nmtr(Layers):
    def __init__(self, tower, chain, layers):
        super().__init__()
        self.tower, self.chain = tower, chain
        self.declare("user", USERS, D)
        self.declare("item", ITEMS, D)
        self.declare("item.bias", ITEMS, 1)
        width = PARTS[tower] * D
        self.layers = {"gmf": 1, "linear": 0}.get(tower, layers)
        for behavior in range(K):
            size = width
            for layer in range(self.layers):
                to = D if tower == "gmf" else size // 2
                name = f"tower{behavior}.layer{layer}"
                self.declare(f"{name}.weight", size, to)
                if tower != "gmf":
                    self.declare(f"{name}.bias", to)
                size = to
            self.declare(f"tower{behavior}.output", size, 1)

    def outputs(self, p, items):
        """o of every behavior [B] each, of vectors p [B, D] and items [B]."""
        q, b = self["item"][items], self["item.bias"][items][:, 0]
        z = {"ncf": torch.cat([p, q, p * q], 1), "mlp": torch.cat([p, q], 1)}.get(self.tower, p * q)
        chained = []
        for behavior in range(K):
            h = z
            for layer in range(self.layers):
                h = h @ self[f"tower{behavior}.layer{layer}.weight"]
                if self.tower != "gmf":
                    h = h + self[f"tower{behavior}.layer{layer}.bias"]
                h = torch.relu(h)
            f = (h @ self[f"tower{behavior}.output"])[:, 0]
            if behavior == 0 or self.chain == "none":
                chained.append(f + b)
            elif self.chain == "mean":
                chained.append((f + chained[-1]) / 2 + b)
            else:
                chained.append(f + chained[-1] + b)
        return chained


def part(tower, chain, layers):
    users = torch.tensor([1, 1, 2, 3, 4, 2, 1])
    items = torch.tensor([3, 5, 1, 8, 2, 7, 3])
    labels = torch.tensor([[1, 1, 1], [1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 1, 1], [0, 0, 0], [1, 1, 1]], dtype=torch.float64)
    weights = torch.tensor([1 / 6] * 6 + [0.0])
    history = torch.tensor([4, 1, 6])
    model = Nmtr(tower, chain, layers)
    lambdas = torch.tensor([AUXILIARY] * (K - 1) + [1.0])
    lambdas = lambdas / lambdas.sum()
    loss = 0
    for behavior, o in enumerate(model.outputs(model["user"][users], items)):
        each = F.binary_cross_entropy_with_logits(o, labels[:, behavior], reduction="none")
        loss = loss + lambdas[behavior] * each[:-1].mean()
    people = torch.cat([model["item"][history].mean(0, keepdim=True), model["user"][1:]])
    everything = torch.arange(ITEMS)
    scores = torch.stack([model.outputs(person.expand(ITEMS, D), everything)[-1] for person in people])
    inputs = {"batch.user": users, "batch.item": items, "batch.label": labels, "batch.weight": weights}
    return {
        "config": {"behaviors": K, "hidden": D, "layers": layers, "users": USERS, "items": ITEMS, "auxiliary": AUXILIARY},
        "inputs": arrays(inputs),
        "parameters": arrays(model.learned),
        "history": array(history),
        "scores": array(scores),
        "loss": scalar(loss),
        "gradients": gradients(loss, model.learned),
    }


torch.manual_seed(23)
write({"ncf": part("ncf", "mean", 2), "mlp": part("mlp", "sum", 2), "gmf": part("gmf", "none", 1), "linear": part("linear", "mean", 1)})

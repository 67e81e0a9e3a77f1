"""A tiny DIPN in PyTorch, from the equations of the sheet: weights, windows, views, scores, loss and gradients for the parity test.

    "$PEER_PYTHON" tools/dipn_fixture.py test/fixtures/dipn.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

The model, without dropout, history after history and event after event; no padding is ever read. x = [item; category; behavior; gap; age], gap and age
rows floor(log2(1 + seconds)) of tables, since the event before and until the last event. A view holds the events of one behavior; the merged one all. Over a
view's own events r = sigmoid(x W_r + h U_r + b_r), z = sigmoid(x W_z + h U_z + b_z), n = tanh(x W_n + b_n + r * (h U_n + c)), h = (1 - z) * n + z * h. v
is the sum of softmax(tanh(h A + a) c) times h, or the last h (plain); a learned vector where the view is empty. Shares of views are softmax(tanh(v A + a) c), or
alike (plain). s = [sum of shares times v; every v]; a head is relu(s W + b) W + b. The loss: the mean over histories whose next event is a favorite of
-log softmax(head . Q)[next], Q all items but row 0; plus AUXILIARY times the same mean over the others, by a head of their own; plus INTENT times the mean
binary cross-entropy of sigmoid(head w + b), whether the next event is a favorite.

The file, for `plain`, which reads no times either, `whole` and `merged`:
  config     batch B, length L, embedding D, fields F, hidden W, items and categories (rows of the tables), auxiliary, intent
  inputs     by the names of the training graph's inputs; the last target only pads
  parameters by the names that the model in this repository gives them; matrices multiply from the right, x @ W, W is [in, out]
  scores     [B, items] of each history
  shares     [B, views]
  loss       one number
  gradients  of the loss, by the names of the parameters that have one
"""

import math
import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from blocks import Layers, catalog_loss  # noqa: E402
from fixture import array, arrays, gradients, scalar, write  # noqa: E402

L, D, SIZE, W, ITEMS, BUCKETS, AUXILIARY, INTENT = 5, 6, 3, 4, 9, 32, 0.3, 0.7
CATEGORIES = [0, 1, 2, 1, 3, 2, 3, 1, 0]
# (item, behavior, seconds since the event before); clicks are 0, favorites 1.
HISTORIES = [
    [(3, 0, 0), (1, 1, 20), (4, 0, 5000), (7, 1, 2), (5, 0, 300)],
    [(2, 0, 0), (6, 0, 90), (2, 0, 12)],
    [(8, 1, 0)],
    [(7, 1, 0), (3, 0, 40), (1, 1, 86401), (1, 0, 5)],
]
NEXT = [(6, 1), (8, 0), (2, 1), (4, 0)]


def bucket(seconds):
    return min(BUCKETS - 1, math.floor(math.log2(1 + seconds)))


class Dipn(Layers):
    def __init__(self, attends, merged):
        super().__init__()
        self.attends, self.views = attends, 3 if merged else 2
        width = D + SIZE * (4 if attends else 2)
        self.declare("item", ITEMS, D)
        self.declare("field.category", max(CATEGORIES) + 1, SIZE)
        self.declare("behavior", 3, SIZE)
        if attends:
            self.declare("gap", BUCKETS, SIZE)
            self.declare("age", BUCKETS, SIZE)
            self.declare("bottom.weight", self.views, W, W, scale=0.5)
            self.declare("bottom.bias", self.views, 1, W)
            self.declare("bottom.output", self.views, W, 1, scale=0.8)
            self.declare_linear("top", W, W)
            self.declare("top.output", W, 1, scale=0.8)
        self.declare("bottom.empty", self.views, 1, W, scale=0.5)
        self.declare("gru.input.weight", self.views, width, 3 * W, scale=0.5)
        self.declare("gru.input.bias", self.views, 1, 3 * W)
        self.declare("gru.hidden.weight", self.views, W, 3 * W, scale=0.5)
        self.declare("gru.hidden.bias", self.views, 1, W)
        for name in ("next", "other"):
            self.declare_linear(f"{name}.inner", (self.views + 1) * W, W)
            self.declare_linear(f"{name}.outer", W, D)
        self.declare_linear("intent", D, 1)

    def events(self, history):
        rows = []
        for at, (item, behavior, gap) in enumerate(history):
            age = sum(later for _, _, later in history[at + 1 :])
            parts = [self["item"][item], self["field.category"][CATEGORIES[item]], self["behavior"][behavior + 1]]
            if self.attends:
                parts += [self["gap"][bucket(gap)], self["age"][bucket(age)]]
            rows.append(torch.cat(parts))
        return rows

    def states(self, view, events):
        h, states = torch.zeros(W), []
        u_r, u_z, u_n = self["gru.hidden.weight"][view].split(W, 1)
        for x in events:
            r, z, n = (x @ self["gru.input.weight"][view] + self["gru.input.bias"][view, 0]).split(W)
            r, z = torch.sigmoid(r + h @ u_r), torch.sigmoid(z + h @ u_z)
            n = torch.tanh(n + r * (h @ u_n + self["gru.hidden.bias"][view, 0]))
            h = (1 - z) * n + z * h
            states.append(h)
        return torch.stack(states)

    def read(self, history):
        """s and the shares of views."""
        events, vectors = self.events(history), []
        for view in range(self.views):
            own = [x for x, (_, behavior, _) in zip(events, history) if view == 2 or behavior == view]
            if not own:
                vectors.append(self["bottom.empty"][view, 0])
                continue
            h = self.states(view, own)
            if self.attends:
                inner = torch.tanh(h @ self["bottom.weight"][view] + self["bottom.bias"][view, 0])
                weights = torch.softmax((inner @ self["bottom.output"][view])[:, 0], 0)
                vectors.append(weights @ h)
            else:
                vectors.append(h[-1])
        v = torch.stack(vectors)
        shares = torch.full((self.views,), 1 / self.views)
        if self.attends:
            shares = torch.softmax((torch.tanh(self.affine("top", v)) @ self["top.output"])[:, 0], 0)
        return torch.cat([shares @ v, v.flatten()]), shares

    def head(self, name, s):
        return self.affine(f"{name}.outer", torch.relu(self.affine(f"{name}.inner", s)))


def padded(column):
    return torch.tensor([[event[column] for event in history] + [0] * (L - len(history)) for history in HISTORIES])


def part(attends, merged):
    batch = len(HISTORIES)
    behaviors = torch.tensor([[behavior + 1 for _, behavior, _ in history] + [0] * (L - len(history)) for history in HISTORIES])
    inputs = {
        "batch.history": padded(0),
        "batch.behavior": behaviors,
        "batch.targets": torch.tensor([item for item, _ in NEXT] + [0]),
        "batch.targetBehaviors": torch.tensor([behavior + 1 for _, behavior in NEXT] + [0]),
        "batch.weights": torch.tensor([1 / batch] * batch + [0.0]),
        "batch.places": torch.tensor([2 * row for row in range(batch)] + [1]),
        "item.field.category": torch.tensor(CATEGORIES),
    }
    if attends:
        inputs["batch.gap"] = padded(2).double()
    model = Dipn(attends, merged)
    table = model["item"]
    read = [model.read(history) for history in HISTORIES]
    s, shares = (torch.stack(column) for column in zip(*read))
    users = model.head("next", s)
    favorite = torch.tensor([float(behavior) for _, behavior in NEXT])
    targets = inputs["batch.targets"][:-1]
    following = catalog_loss(users, table, targets, favorite / favorite.sum())
    others = catalog_loss(model.head("other", s), table, targets, (1 - favorite) / (1 - favorite).sum())
    intent = F.binary_cross_entropy_with_logits(model.affine("intent", users)[:, 0], favorite)
    loss = following + AUXILIARY * others + INTENT * intent
    return {
        "config": {
            "batch": batch,
            "length": L,
            "embedding": D,
            "fields": SIZE,
            "hidden": W,
            "items": ITEMS,
            "categories": max(CATEGORIES) + 1,
            "auxiliary": AUXILIARY,
            "intent": INTENT,
        },
        "inputs": arrays(inputs),
        "parameters": arrays(model.learned),
        "scores": array(users @ table.T),
        "shares": array(shares),
        "loss": scalar(loss),
        "gradients": gradients(loss, model.learned),
    }


torch.manual_seed(29)
write({"whole": part(True, False), "merged": part(True, True), "plain": part(False, False)})

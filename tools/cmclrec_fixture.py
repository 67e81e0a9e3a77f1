"""A tiny CMCLRec in PyTorch, straight from the sheet's equations: weights, inputs, losses, gradients and users for the parity test.

    "$PEER_PYTHON" tools/cmclrec_fixture.py test/fixtures/cmclrec.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

The model, without dropout. The backbone: norm(item + position), then a causal post-norm block; s is its state at the last event. A profile f is the
embeddings of a user's fields and the numbers side by side (`fields`), or the mean over the first items of their pictures and texts (`content`), where a
learned vector is added for a missing one. g = W_out relu(W_in f + b); of content, W_in f + b is the sum of picture's and text's. h = W s + b. The
mapping's loss: half of NCE(g, h) + NCE(h, g) with the temperature, where users of one group are no negatives and rows of weight 0 only fill up, and
lambda times the mean of |g W_map - s|^2.

A simulated history: the SIMULATED frequent items of the largest g W_map . item, the best last (`items`), or those that come most often among the recent
items of the NEIGHBORS warm users whose h has the largest cosine with g, of equal ones the lower id first (`neighbors`). Who has more than COLD events has
none, nor has anybody whom the content says nothing of; it gives way where own events leave no room. User 0 has the mean f of warm users.

Adaptation: a row that is cut is its simulated items, as many as there is room for beside 3, and the last events of those that its last target sees; it
has that target alone. Profiles of content are of what the last target sees. The loss is the cross-entropy over all targets that are left, by their weights.

The file has `config`; `backbone`, `mapping.fields`, `mapping.content`, `adapt.fields`, `adapt.content`, each with
  inputs     by the names of the training graph's inputs; the last target only pads
  parameters by the names that the model in this repository gives them; matrices multiply from the right, x @ W, W is [in, out]
  loss       one number
  gradients  of the loss, by parameter name
and `served.fields`, `served.content`, `served.neighbors`, each with inputs, parameters, users [B, d] and `simulated`, the items that stand before each.
"""

import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from blocks import Layers, catalog_loss  # noqa: E402
from fixture import array, arrays, content, gradients, rounded, scalar, write  # noqa: E402

L, POSITIONS, D, HEADS, ITEMS, USERS, WIDTH, FIELD = 6, 7, 4, 2, 12, 9, 3, 2
FIELDS = {"town": 4, "kind": 3}
TEMPERATURE, LAMBDA, SIMULATED, COLD, NEIGHBORS, FIRST, LEFT = 0.5, 0.3, 4, 4, 3, 2, 3
MODALITIES = ("image", "text")
MISSING = {"image": (0, 4), "text": (0, 8)}


class Cmclrec(Layers):
    def __init__(self, of):
        super().__init__()
        self.of = of
        self.declare("item", ITEMS, D)
        self.declare("position", POSITIONS, D)
        self.declare_norm("norm", D)
        self.declare_block("block0", D)
        self.backbone = list(self.learned)
        if of == "fields":
            for name, values in FIELDS.items():
                self.declare(f"user.field.{name}", values, FIELD)
            self.declare_linear("user.in", len(FIELDS) * FIELD + 1, D)
        else:
            for modality in MODALITIES:
                self.declare_linear(f"user.{modality}", WIDTH, D)
                self.declare(f"user.{modality}.missing", 1, D)
        self.declare("user.out.weight", D, D)
        self.declare_linear("history", D, D)
        self.declare("map.weight", D, D)

    def states(self, history):
        """[n] item indices -> [n, D]"""
        x = self["item"][history] + self["position"][: len(history)]
        return self.block("block0", self.norm("norm", x)[None], HEADS)[0]

    def feature(self, inputs, user):
        values = inputs["user.fields"][user]
        own = [self[f"user.field.{name}"][values[1 + at]] for at, name in enumerate(FIELDS)]
        return torch.cat([*own, inputs["user.numbers"][user]])

    def profile(self, inputs, user, first):
        """first: a list of items"""
        if self.of == "fields":
            warm = [one for one in range(USERS) if inputs["mapping.warm"][one] > 0]
            f = self.feature(inputs, user) if user > 0 else sum(self.feature(inputs, one) for one in warm) / len(warm)
            inner = self.affine("user.in", f)
        else:
            inner = torch.zeros(D)
            for item in first:
                for modality in MODALITIES:
                    lacks = 1 - inputs[f"item.{modality}.present"][item]
                    own = self.affine(f"user.{modality}", inputs[f"item.{modality}"][item])
                    inner = inner + (own + lacks * self[f"user.{modality}.missing"][0]) / len(first)
        return torch.relu(inner) @ self["user.out.weight"]

    def simulated(self, inputs, g, generate):
        """Best first."""
        if generate == "items":
            z = g @ self["map.weight"]
            known = [item for item in range(1, ITEMS) if inputs["mapping.frequent"][item] > 0]
            return sorted(known, key=lambda item: -float(z.detach() @ inputs.get("mapping.items", self["item"].detach())[item]))[:SIMULATED]
        h = self.affine("history", inputs["mapping.states"])
        warm = [user for user in range(USERS) if inputs["mapping.warm"][user] > 0]
        nearest = sorted(warm, key=lambda user: -float(F.cosine_similarity(g, h[user], dim=0).detach()))[:NEIGHBORS]
        recent = [int(item) for user in nearest for item in inputs["mapping.recent"][user] if item > 0]
        return sorted(set(recent), key=lambda item: (-recent.count(item), item))[:SIMULATED]

    def mapping_loss(self, inputs):
        firsts = inputs["first"].tolist() if self.of == "content" else [[]] * len(inputs["user"])
        users = [int(user) for user in inputs["user"]]
        g = torch.stack([self.profile(inputs, user, [i for i in first if i > 0]) for user, first in zip(users, firsts)])
        s = inputs["mapping.states"][inputs["user"]]
        h = self.affine("history", s)
        weights = inputs["weight"]

        def nce(a, p):
            total = 0
            for row in range(len(users)):
                others = [j for j in range(len(users)) if inputs["group"][j] != inputs["group"][row] and weights[j] > 0]
                near = torch.stack([F.cosine_similarity(a[row], p[j], dim=0) / TEMPERATURE for j in [row, *others]])
                total = total - weights[row] * torch.log_softmax(near, 0)[0]
            return total

        landing = (weights * ((g @ self["map.weight"] - s) ** 2).sum(1)).sum()
        return (nce(g, h) + nce(h, g)) / 2 + LAMBDA * landing

    def plain(self, inputs):
        return torch.stack([self.states(history) for history in inputs["history"]]).flatten(0, 1)[inputs["sources"]]

    def backbone_loss(self, inputs):
        return catalog_loss(self.plain(inputs), self["item"], inputs["targets"], inputs["weights"])

    def adapted_loss(self, inputs):
        users, targets, weights = [], [], []
        plain = self.plain(inputs)
        for at, (source, target, weight) in enumerate(zip(inputs["sources"], inputs["targets"], inputs["weights"])):
            row = int(source) // L
            if inputs["cut"][row] == 0:
                users.append(plain[at])
                targets.append(int(target))
                weights.append(float(weight))
        for row, history in enumerate(inputs["history"].tolist()):
            if inputs["cut"][row] == 0:
                continue
            seen = history[: int(inputs["lastTargets.event"][row]) + 1]
            own = seen[len(seen) - min(len(seen), int(inputs["left"][row])) :]
            g = self.profile(inputs, int(inputs["userIndex"][row]), seen[:FIRST])
            before = self.simulated(inputs, g, "items")[: POSITIONS - LEFT][::-1]
            users.append(self.states(torch.tensor(before + own))[-1])
            targets.append(int(inputs["lastTargets.item"][row]))
            weights.append(float(inputs["weights"][int(inputs["lastTargets"][row])]))
        weights = torch.tensor(weights)
        return catalog_loss(torch.stack(users), self["item"], torch.tensor(targets), weights / weights.sum())

    def served(self, inputs, generate):
        users, simulated = [], []
        for user, row in zip(inputs["userIndex"].tolist(), inputs["history"].tolist()):
            own = [item for item in row if item > 0]
            before = []
            if len(own) <= COLD and (self.of == "fields" or own):
                before = self.simulated(inputs, self.profile(inputs, user, own[:FIRST]), generate)
                before = before[: POSITIONS - len(own)][::-1]
            simulated.append(before)
            users.append(self.states(torch.tensor((before + own) or [0]))[-1])
        return torch.stack(users), simulated


def known():
    """What is known of users and items, and what training remembers."""
    warm = torch.tensor([0, 1, 0, 1, 1, 1, 0, 1, 1.0])
    inputs = {
        "user.fields": torch.tensor([[at, (3 * at) % 4, (at * at) % 3] for at in range(USERS)]),
        "user.numbers": rounded(torch.randn(USERS, 1)) * (torch.arange(USERS) > 0)[:, None],
        "mapping.warm": warm,
        "mapping.frequent": torch.tensor([0, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1.0]),
        "mapping.states": rounded(torch.randn(USERS, D)) * warm[:, None],
        "mapping.recent": torch.tensor([[(user * 5 + step * step) % ITEMS for step in range(SIMULATED)] for user in range(USERS)]) * warm[:, None],
        "mapping.items": rounded(torch.randn(ITEMS, D)),
        "mapping.learned": torch.tensor([1.0]),
    }
    for modality in MODALITIES:
        inputs |= content(modality, (ITEMS, WIDTH), MISSING[modality])
    return inputs


WINDOWS = {
    "userIndex": torch.tensor([1, 4, 2, 7]),
    "history": torch.tensor([[3, 1, 4, 1, 5, 9], [2, 6, 0, 0, 0, 0], [7, 11, 10, 0, 0, 0], [8, 4, 2, 1, 0, 0]]),
    "sources": torch.tensor([1, 5, 7, 13, 14, 19, 21, 0]),
    "targets": torch.tensor([4, 10, 1, 10, 8, 2, 11, 0]),
    "weights": torch.tensor([0.1, 0.2, 0.1, 0.15, 0.15, 0.2, 0.1, 0.0]),
}
ADAPTED = {
    **WINDOWS,
    "cut": torch.tensor([1.0, 0.0, 1.0, 1.0]),
    "left": torch.tensor([2.0, 0.0, 0.0, 3.0]),
    "lastTargets": torch.tensor([1, 2, 4, 6]),
    "lastTargets.event": torch.tensor([5, 1, 2, 3]),
    "lastTargets.item": torch.tensor([10, 1, 8, 11]),
    "lastTargets.weight": torch.tensor([0.25, 0.25, 0.25, 0.25]),
}
FEW = {
    "user": torch.tensor([1, 3, 4, 5, 8, 1]),
    "group": torch.tensor([0, 1, 0, 2, 3, 0]),
    "first": torch.tensor([[3, 1], [4, 8], [2, 0], [9, 9], [0, 0], [3, 1]]),
    "weight": torch.tensor([0.2, 0.2, 0.2, 0.2, 0.2, 0.0]),
}
SERVED = {
    "userIndex": torch.tensor([0, 2, 3, 5, 6]),
    "history": torch.tensor([[3, 8, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], [4, 0, 0, 0, 0, 0], [1, 2, 3, 4, 5, 0], [6, 7, 1, 11, 0, 0]]),
    "last": torch.tensor([1, 0, 0, 4, 3]),
}


def trained(of, batch, loss_of):
    model = Cmclrec(of)
    inputs = {**known(), **batch}
    loss = loss_of(model, inputs)
    read = {name: one for name, one in model.learned.items() if torch.autograd.grad(loss, one, retain_graph=True, allow_unused=True)[0] is not None}
    return {
        "inputs": arrays(inputs),
        "parameters": arrays(model.learned),
        "loss": scalar(loss),
        "gradients": gradients(loss, read),
    }


def served(of, generate):
    model = Cmclrec(of)
    inputs = {**known(), **SERVED}
    del inputs["mapping.items"]
    users, simulated = model.served(inputs, generate)
    return {"inputs": arrays(inputs), "parameters": arrays(model.learned), "users": array(users), "simulated": simulated}


torch.manual_seed(31)
write(
    {
        "config": {
            "length": L,
            "positions": POSITIONS,
            "hidden": D,
            "heads": HEADS,
            "items": ITEMS,
            "users": USERS,
            "width": WIDTH,
            "fields": FIELDS,
            "options": {
                "fieldSize": FIELD,
                "temperature": TEMPERATURE,
                "lambdaMap": LAMBDA,
                "simulated": SIMULATED,
                "coldEvents": COLD,
                "neighbors": NEIGHBORS,
                "contentEvents": FIRST,
            },
        },
        "backbone": trained("fields", WINDOWS, Cmclrec.backbone_loss),
        "mapping": {of: trained(of, FEW, Cmclrec.mapping_loss) for of in ("fields", "content")},
        "adapt": {of: trained(of, ADAPTED, Cmclrec.adapted_loss) for of in ("fields", "content")},
        "served": {
            "fields": served("fields", "items"),
            "content": served("content", "items"),
            "neighbors": served("fields", "neighbors"),
        },
    }
)

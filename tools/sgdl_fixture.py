"""A tiny SGDL in PyTorch, straight from the equations: weights, pairs, losses, gradients and scores for the parity test.

    "$PEER_PYTHON" tools/sgdl_fixture.py test/fixtures/sgdl.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

Users and items have rows of E. LightGCN: X is the mean of E, A E, .., A^LAYERS E, where A is 1 / sqrt(degree * degree) between
the users and items of PAIRS; mf: X = E. A pair beside a drawn item has the loss l = softplus(X_u . X_j - X_u . X_i).
Memorization: the mean of l. Weighed: the mean of v l, v = sigmoid(relu(l W + b) W' + b') fixed.
Guide: E' = E - ETA grad mean(v l) of the noisy batch, through which v keeps its gradient: automatic differentiation goes
through that step, and nothing here is in closed form but what the next sentence says. The scheduler reads of each clean pair
its loss at E and the cosines, for the table of users and of items, of the gradients of its loss at E and at
E - ETA grad mean(v l) of the clean batch; lightgcn: of the gradients by X and not by E. Each goes through both directions of an
LSTM of one step from zeros, c = sigmoid(i) tanh(g), h = sigmoid(o) tanh(c); log pi is the log-softmax over the batch of
tanh(read F + f) F' + f'. gumbel: the rows that were drawn are one-hot at the largest of log pi + noise, with the gradient of
softmax((log pi + noise) / TAU); they choose among the clean pairs' vectors at E', and the loss is the mean of theirs. reinforce:
the loss of the drawn pairs, and that loss, fixed, times the sum of log pi of the draws.

The file, for each form:
  config     users, items (rows of the tables, row 0 pads), hidden D, layers, eta, temperature
  pairs      [pairs, 2]: users and items that the graph is of
  inputs     by the names of the graphs' inputs; the last pair of each batch only fills up
  parameters by the names that the model in this repository gives them; matrices multiply from the right, x @ W, W is [in, out]
  losses     memorization, weighed and guide: each its loss, and its gradients by the names of the parameters that it trains
  history    [L]: items of somebody who was never trained on
  scores     [users, items] of users 0, that person, to the last
"""

import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from blocks import Layers  # noqa: E402
from fixture import array, arrays, gradients, rounded, scalar, write  # noqa: E402

D, USERS, ITEMS, LAYERS, UNITS, ETA, TAU = 5, 5, 8, 2, 10, 0.8, 0.7
PAIRS = [(1, 1), (1, 2), (1, 5), (2, 2), (2, 3), (2, 6), (3, 1), (3, 4), (3, 6), (4, 3), (4, 5)]
# user, item, drawn item; rows that fill up repeat the first one.
NOISY = [(1, 1, 3), (2, 3, 5), (3, 4, 2), (1, 5, 6), (4, 3, 1), (1, 1, 3)]
CLEAN = [(1, 2, 4), (3, 6, 5), (2, 3, 1), (1, 1, 3), (1, 2, 4)]


def columns(triples):
    return [torch.tensor(column) for column in zip(*triples)]


class Sgdl(Layers):
    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone
        self.declare("user", USERS, D)
        self.declare("item", ITEMS, D)
        self.declare_linear("weight.hidden", 1, 100)
        self.declare_linear("weight.output", 100, 1)
        for part, size in (("cosines", 2), ("losses", 1)):
            for side in ("forward", "backward"):
                self.declare_linear(f"scheduler.{part}.{side}", size, 3 * UNITS)
        self.declare_linear("scheduler.hidden", 4 * UNITS, 20)
        self.declare_linear("scheduler.output", 20, 1)
        a = torch.zeros(USERS + ITEMS, USERS + ITEMS)
        for user, item in PAIRS:
            a[user, USERS + item] = a[USERS + item, user] = 1
        degree = a.sum(1).clamp(min=1)
        self.graph = a / (degree[:, None] * degree[None, :]).sqrt()

    def tables(self):
        return self["user"], self["item"]

    def vectors(self, tables):
        """X of a pair of tables."""
        if self.backbone == "mf":
            return tables
        x = torch.cat(tables)
        layers = [x]
        for _ in range(LAYERS):
            layers.append(self.graph @ layers[-1])
        x = torch.stack(layers).mean(0)
        return x[:USERS], x[USERS:]

    def losses(self, tables, triples):
        users, items = self.vectors(tables)
        u, i, j = columns(triples)
        return F.softplus((users[u] * (items[j] - items[i])).sum(1))

    def weights(self, losses):
        return torch.sigmoid(self.affine("weight.output", torch.relu(self.affine("weight.hidden", losses.detach()[:, None]))))[:, 0]

    def stepped(self, triples):
        """Both tables after a step on the weighed loss, through which the weights keep their gradient."""
        tables = self.tables()
        losses = self.losses(tables, triples)
        moves = torch.autograd.grad((self.weights(losses) * losses).mean(), tables, create_graph=True)
        return [table - ETA * move for table, move in zip(tables, moves)]

    def cosines(self, triples):
        """Of each triple the cosine of its gradients at two places, for users and for items."""
        here, there = self.tables(), self.stepped(triples)
        found = []
        for triple in triples:
            sides = []
            for tables in (here, there):
                known = [x.detach().requires_grad_() for x in (tables if self.backbone == "mf" else self.vectors(tables))]
                u, i, j = triple
                loss = F.softplus((known[0][u] * (known[1][j] - known[1][i])).sum())
                sides.append(torch.autograd.grad(loss, known))
            found.append([F.cosine_similarity(a.flatten(), b.flatten(), 0) for a, b in zip(*sides)])
        return torch.tensor(found)

    def log_pi(self, triples):
        reads = []
        for part, x in (("cosines", self.cosines(triples)), ("losses", self.losses(self.tables(), triples)[:, None])):
            for side in ("forward", "backward"):
                i, g, o = self.affine(f"scheduler.{part}.{side}", x).split(UNITS, 1)
                reads.append(torch.sigmoid(o) * torch.tanh(torch.sigmoid(i) * torch.tanh(g)))
        z = self.affine("scheduler.output", torch.tanh(self.affine("scheduler.hidden", torch.cat(reads, 1))))
        return torch.log_softmax(z[:, 0], 0)

    def guide(self, how, noise):
        clean = CLEAN[:-1]
        count = len(clean)
        users, items = self.vectors(self.stepped(NOISY[:-1]))
        u, i, j = columns(clean)
        vectors = [users[u], items[i], items[j]]
        log_pi = self.log_pi(clean)
        # Rows and columns that only fill up are drawn by nobody.
        y = log_pi[None, :] + noise[:count, :count]
        place = y.argmax(1)
        if how == "gumbel":
            soft = torch.softmax(y / TAU, 1)
            chosen = F.one_hot(place, count) - soft.detach() + soft
            u, i, j = (chosen @ x for x in vectors)
            return F.softplus((u * (j - i)).sum(1)).mean()
        u, i, j = (x[place] for x in vectors)
        reward = F.softplus((u * (j - i)).sum(1)).mean()
        return reward + reward.detach() * log_pi[place].sum()


def part(backbone, how):
    model = Sgdl(backbone)
    size = len(CLEAN)
    noise = rounded(-torch.log(-torch.log(torch.rand(size, size))))
    tables = model.tables()
    memorized = model.losses(tables, NOISY[:-1]).mean()
    losses = model.losses(tables, NOISY[:-1])
    weighed = (model.weights(losses).detach() * losses).mean()
    guide = model.guide(how, noise)
    of_tables = {name: x for name, x in model.learned.items() if name in ("user", "item")}
    others = {name: x for name, x in model.learned.items() if name not in of_tables}
    history = torch.tensor([4, 1, 6])
    users, items = model.vectors(tables)
    people = torch.cat([items[history].mean(0, keepdim=True), users[1:]])
    inputs = {"noise.0": noise}
    for names, triples in ((("batch", "batch.noisy"), NOISY), (("batch.clean",), CLEAN)):
        u, i, j = columns(triples)
        real = len(triples) - 1
        weight = torch.tensor([1 / real] * real + [0.0])
        for name in names:
            inputs |= {f"{name}.user": u, f"{name}.item": i, f"{name}.negatives": j[:, None], f"{name}.weight": weight}
    return {
        "config": {"users": USERS, "items": ITEMS, "hidden": D, "layers": LAYERS, "eta": ETA, "temperature": TAU},
        "pairs": array(torch.tensor(PAIRS)),
        "inputs": arrays(inputs),
        "parameters": arrays(model.learned),
        "losses": {
            "memorization": {"loss": scalar(memorized), "gradients": gradients(memorized, of_tables)},
            "weighed": {"loss": scalar(weighed), "gradients": gradients(weighed, of_tables)},
            "guide": {"loss": scalar(guide), "gradients": gradients(guide, others)},
        },
        "history": array(history),
        "scores": array(people @ items.T),
    }


torch.manual_seed(31)
forms = {f"{backbone} {how}": part(backbone, how) for backbone in ("lightgcn", "mf") for how in ("gumbel", "reinforce")}
write(forms)

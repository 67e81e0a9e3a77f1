"""A tiny SSDRec in PyTorch, straight from the equations, history by history: weights, inputs, graphs, losses and gradients for the parity test.

    "$PEER_PYTHON" tools/ssdrec_fixture.py test/fixtures/ssdrec.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

The model, without dropout; every history is a Python list of its real places, items are put into it and taken out of it as into and out of a list.
choose(logits, noise): one-hot of the largest of logits + noise, with the gradient of softmax((logits + noise) / t).
  E~ = sigmoid([R_v U ; (near + far) / 2] W_both W_inner) W_outer, where near = w_0 (a B E + c A E) + w_1 E + b and far = w_0 I E + w_1 E + b;
       B, A, I, R_v: items before, items after, incompatible items, readers; (a, c) = softmax over both of sum LeakyReLU_0.2((E * B E) W_earlier) / sqrt(D)
       and the same of A with W_later. U~ the same with R_u E, and S U and J U for near and far
  x_t = E~[s_t] + U~[u] / n
  fit_t = softmax_t(sum x_t f_t b_t) softmax_t(sum_{j != t} clamp(x_t) . clamp(x_j)); f_t, b_t the states of a bi-LSTM over start, x, end before and after t
  g = choose(1 - fit); where n <= positions - 2: left = choose(q_l . E~[candidates]), q_l the forward state before g of the LSTM over x alone, right with the
       backward state after g; left and right stand beside g. A second g' = choose(1 - fit) of the longer history; if it is one of the three it is taken away
  r = rnn(rnn(e)), e = E[s], rnn a bi-LSTM whose directions are added; a^seq = sigmoid(ReLU(W_r r + W_e e + c) W_place), W_r, W_e over places
  a^item = sigmoid(tanh(LN(x) W_event + E[target] W_next + b) W_choice); a place is noise if choose(a^seq) and choose(a^item) both say 1
  h = SASRec of the E[s] that stay, the last place; the score is h . E
  loss = sum w CE + sum w rec + sum v pref; rec = sum |r - e|^2 / n; v the weights of rows, w without the floor(share B) largest rec, divided by their sum;
       pref = sum_t -log sigma(U[u] . E[s_t] - U[u] . E[negative]) without the floor((0.5 - share) n) largest

The file, for `whole`, for `first`, whose share leaves rows out, and for `plain`, without graphs:
  config     batch B, length L (the batch's), positions, hidden d, heads, layers, items and users (rows of the tables, 0 being nobody), candidates,
             temperature, share
  inputs     by the names of the training graph's inputs; noise.0 to noise.5 in the order of the choices: g, left, right, g', a^seq, a^item
  graphs     dense: earlier, later, incompatible, readers; users.items, users.similar, users.incompatible
  parameters by the names that the model in this repository gives them; matrices multiply from the right, x @ W
  places     what became of the histories: items that are read by SASRec, in order
  parts      the three losses
  loss, gradients of the loss by parameter name
"""

import math
import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from blocks import Layers  # noqa: E402
from fixture import arrays, gradients, rounded, scalar, write  # noqa: E402

B, L, POSITIONS, D, HEADS, LAYERS, ITEMS, USERS = 4, 6, 7, 4, 2, 2, 9, 6
HISTORIES = [[3, 1, 4, 8, 5, 2], [2, 6, 8], [7], [5, 3, 6, 1]]
WHO, TARGETS, NEGATIVES = [1, 4, 2, 5], [1, 4, 5, 7], [6, 3, 8, 2]
WEIGHTS = [0.4, 0.2, 0.25, 0.15]
CANDIDATES = [7, 2, 5, 1, 8]
TEMPERATURE, DROP = 0.6, 0.5


class Ssdrec(Layers):
    def __init__(self, graphs):
        super().__init__()
        self.graphs = graphs
        self.declare("item", ITEMS, D)
        self.declare("user", USERS, D)
        if graphs:
            for kind in ("items", "users"):
                self.declare(f"graph.{kind}.mix.weight", 2, scale=0.7)
                self.declare(f"graph.{kind}.mix.bias", 1)
                self.declare(f"graph.{kind}.both", 2 * D, D, scale=0.7)
                self.declare(f"graph.{kind}.inner", D, D)
                self.declare(f"graph.{kind}.outer", D, D, scale=1.5)
            self.declare("graph.items.earlier", D, D)
            self.declare("graph.items.later", D, D)
        self.declare("places.start", D, scale=0.8)
        self.declare("places.end", D, scale=0.8)
        self.declare_lstm("places.rnn", False)
        self.declare_lstm("denoise.rnn", True)
        self.declare("denoise.pair.weight", 2, POSITIONS, POSITIONS, scale=0.5)
        self.declare("denoise.pair.bias", POSITIONS)
        self.declare("denoise.place", D, 2)
        self.declare_norm("denoise.readout.norm", D)
        self.declare("denoise.readout.event", D, D)
        self.declare_linear("denoise.readout.next", D, D)
        self.declare("denoise.readout.choice", D, 2, scale=1.0)
        self.declare("position", POSITIONS, D)
        self.declare_norm("norm", D)
        for layer in range(LAYERS):
            self.declare_block(f"block{layer}", D)

    def declare_lstm(self, name, bias):
        for side in ("forward", "backward"):
            self.declare(f"{name}.{side}.input.weight", D, 4 * D, scale=0.8)
            self.declare(f"{name}.{side}.hidden.weight", D, 4 * D, scale=0.8)
            if bias:
                self.declare(f"{name}.{side}.input.bias", 4 * D)

    def states(self, name, side, steps):
        """The states after each of the steps, in the order in which they are read."""
        state, memory, found = torch.zeros(D), torch.zeros(D), []
        for x in steps:
            gates = x @ self[f"{name}.{side}.input.weight"] + state @ self[f"{name}.{side}.hidden.weight"]
            if f"{name}.{side}.input.bias" in self.learned:
                gates = gates + self[f"{name}.{side}.input.bias"]
            i, f, o, g = gates.split(D)
            memory = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(g)
            state = torch.sigmoid(o) * torch.tanh(memory)
            found.append(state)
        return found

    def around(self, x, ends):
        """The states before and after each place."""
        start, end = ([self["places.start"]], [self["places.end"]]) if ends else ([], [])
        before = self.states("places.rnn", "forward", [*start, *x])
        after = self.states("places.rnn", "backward", [*end, *reversed(x)])
        zero = [] if ends else [torch.zeros(D)]
        before, after = [*zero, *before], [*zero, *after]
        n = len(x)
        return torch.stack(before[:n]), torch.stack(after[:n][::-1])

    def fit(self, x):
        before, after = self.around(x, True)
        rows = torch.stack(x)
        by_order = torch.softmax((rows * before * after).sum(1), 0)
        c = rows.clamp(-1, 1)
        likeness = c @ c.T
        by_item = torch.softmax((likeness * (1 - torch.eye(len(x)))).sum(1), 0)
        return by_order * by_item

    def both_ways(self, name, x):
        forward = self.states(name, "forward", x)
        backward = self.states(name, "backward", x[::-1])[::-1]
        return [a + b for a, b in zip(forward, backward)]

    def related(self):
        """E~ and U~."""
        E, U = self["item"], self["user"]
        if not self.graphs:
            return E, U
        G = self.graphs

        def mix(kind, near, own):
            w = self[f"graph.{kind}.mix.weight"]
            return w[0] * near + w[1] * own + self[f"graph.{kind}.mix.bias"]

        def gather(kind, crossed, near, far):
            sides = (torch.cat([crossed, near], 1) + torch.cat([crossed, far], 1)) / 2
            inner = torch.sigmoid(sides @ self[f"graph.{kind}.both"] @ self[f"graph.{kind}.inner"])
            return inner @ self[f"graph.{kind}.outer"]

        before, after, apart = G["earlier"] @ E, G["later"] @ E, G["incompatible"] @ E
        scores = [
            F.leaky_relu((E * side) @ self[f"graph.items.{name}"], 0.2).sum(1) / math.sqrt(D) for name, side in (("earlier", before), ("later", after))
        ]
        shares = torch.softmax(torch.stack(scores, 1), 1)
        near = shares[:, :1] * before + shares[:, 1:] * after
        items = gather("items", G["readers"] @ U, mix("items", near, E), mix("items", apart, E))
        similar, incompatible = G["users.similar"] @ U, G["users.incompatible"] @ U
        users = gather("users", G["users.items"] @ E, mix("users", similar, U), mix("users", incompatible, U))
        return items, users

    def backbone(self, rows):
        x = self.norm("norm", torch.stack(rows)[None] + self["position"][: len(rows)])
        for layer in range(LAYERS):
            x = self.block(f"block{layer}", x, HEADS)
        return x[0, -1]


def choose(logits, noise):
    drawn = logits + noise
    soft = torch.softmax(drawn / TEMPERATURE, -1)
    place = int(drawn.argmax())
    hard = F.one_hot(torch.tensor(place), len(logits)).to(soft)
    return place, soft + (hard - soft).detach()


def read(model, noise, b, related):
    """One history: the user's vector, the reconstruction loss, and the items that are left."""
    E = model["item"]
    items_, users_ = related
    ids = list(HISTORIES[b])
    n = len(ids)
    x = [items_[s] + users_[WHO[b]] / n for s in ids]
    stays = [torch.ones(()) for _ in ids]
    g, chosen = choose(1 - model.fit(x), noise[0][b][:n])
    if n <= POSITIONS - 2:
        before, after = model.around(x, False)
        offered = items_[CANDIDATES]
        left, of_left = choose(offered @ (chosen @ before), noise[1][b])
        right, of_right = choose(offered @ (chosen @ after), noise[2][b])
        x[g : g + 1] = [of_left @ offered, x[g], of_right @ offered]
        ids[g : g + 1] = [CANDIDATES[left], ids[g], CANDIDATES[right]]
        _, again = choose(1 - model.fit(x), noise[3][b][: len(x)])
        stays = [1 - again[t] if g <= t <= g + 2 else torch.ones(()) for t in range(len(x))]
    # A place that went leaves a hole: it is passed over, and places behind it keep their number.
    real = [t for t in range(len(ids)) if stays[t] > 0]
    e = [E[ids[t]] * stays[t] for t in real]
    r = model.both_ways("denoise.rnn", model.both_ways("denoise.rnn", e))
    reconstruction = sum((a - c).square().sum() for a, c in zip(r, e)) / len(real)
    weights, bias = model["denoise.pair.weight"], model["denoise.pair.bias"]
    kept, left_ids = [], []
    for t in real:
        mixed = bias[t] + sum(weights[0, t, k] * r[at] + weights[1, t, k] * e[at] for at, k in enumerate(real))
        by_order = torch.sigmoid(F.relu(mixed) @ model["denoise.place"])
        event = model.norm("denoise.readout.norm", x[t] * stays[t]) @ model["denoise.readout.event"]
        by_item = torch.sigmoid(torch.tanh(event + model.affine("denoise.readout.next", E[TARGETS[b]])) @ model["denoise.readout.choice"])
        _, a = choose(by_order, noise[4][b][t])
        _, c = choose(by_item, noise[5][b][t])
        keep = (1 - a[1] * c[1]) * stays[t]
        if keep > 0:
            kept.append(E[ids[t]] * keep)
            left_ids.append(ids[t])
    if not kept:
        raise SystemExit("a history is left with nothing: draw other noise")
    return model.backbone(kept), reconstruction, left_ids


def part(graphs, share):
    places = min(L + 2, POSITIONS)
    shapes = [(B, L), (B, len(CANDIDATES)), (B, len(CANDIDATES)), (B, places), (B, places, 2), (B, places, 2)]
    noise = [rounded(-torch.log(-torch.log(torch.rand(shape)))) for shape in shapes]
    model = Ssdrec(graphs)
    E, U = model["item"], model["user"]
    related = model.related()
    found = [read(model, noise, b, related) for b in range(B)]
    weights = torch.tensor(WEIGHTS)
    reconstructions = torch.stack([reconstruction for _, reconstruction, _ in found])
    worst = sorted(range(B), key=lambda b: -reconstructions[b])[: math.floor(share * B)]
    kept = torch.tensor([0.0 if b in worst else WEIGHTS[b] for b in range(B)])
    kept = kept / kept.sum()
    users = torch.stack([user for user, _, _ in found])
    main = (F.cross_entropy(users @ E[1:].T, torch.tensor(TARGETS) - 1, reduction="none") * kept).sum()
    reconstruction = (reconstructions * kept).sum()
    preference = 0
    for b, history in enumerate(HISTORIES):
        each = sorted((-F.logsigmoid(U[WHO[b]] @ E[s] - U[WHO[b]] @ E[NEGATIVES[b]]) for s in history), key=lambda one: -one)
        preference = preference + weights[b] * sum(each[math.floor((DROP - share) * len(history) + 1e-9) :])
    loss = main + reconstruction + preference
    padded = torch.tensor([row + [0] * (L - len(row)) for row in HISTORIES])
    inputs = {
        "userIndex": torch.tensor(WHO),
        "history": padded,
        "targets": torch.tensor(TARGETS),
        "weights": weights,
        "lastTargets": torch.arange(B),
        "lastTargets.item": torch.tensor(TARGETS),
        "negatives": torch.tensor(NEGATIVES)[:, None],
        "drawnItems": torch.tensor(CANDIDATES),
        "scheduled.temperature": torch.tensor(TEMPERATURE),
        "scheduled.dropShare": torch.tensor(share),
        **{f"noise.{at}": values for at, values in enumerate(noise)},
    }
    return {
        "config": {
            "batch": B,
            "length": L,
            "positions": POSITIONS,
            "hidden": D,
            "heads": HEADS,
            "layers": LAYERS,
            "items": ITEMS,
            "users": USERS,
            "candidates": len(CANDIDATES),
        },
        "inputs": arrays(inputs),
        "graphs": arrays(graphs),
        "parameters": arrays(model.learned),
        "places": [ids for _, _, ids in found],
        "parts": {name: scalar(value) for name, value in (("main", main), ("reconstruction", reconstruction), ("preference", preference))},
        "loss": scalar(loss),
        "gradients": gradients(loss, model.learned),
    }


def averages(rows, columns):
    """Some entries a row, which sum to 1; none in row 0 and in one other row."""
    drawn = torch.rand(rows, columns) * (torch.rand(rows, columns) < 0.5)
    drawn[[0, 3]] = 0
    drawn[:, 0] = 0
    return rounded(drawn / drawn.sum(1, keepdim=True).clamp(min=1e-9))


torch.manual_seed(5)
GRAPHS = {
    "earlier": averages(ITEMS, ITEMS),
    "later": averages(ITEMS, ITEMS),
    "incompatible": averages(ITEMS, ITEMS),
    "readers": averages(ITEMS, USERS),
    "users.items": averages(USERS, ITEMS),
    "users.similar": averages(USERS, USERS),
    "users.incompatible": averages(USERS, USERS),
}
write({"whole": part(GRAPHS, 0.0), "first": part(GRAPHS, 0.3), "plain": part({}, 0.1)})

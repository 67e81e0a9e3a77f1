"""A tiny KMCLR in PyTorch, straight from the equations: weights, steps, new views, scores, losses and gradients for the parity test.

    "$PEER_PYTHON" tools/kmclr_fixture.py test/fixtures/kmclr.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

The equations are those of the header of src/models/multi-behavior/kmclr/kmclr.ts, by their numbers. Graphs are whole matrices, entities and
contrasts are read one by one in loops. Nothing is dropped out. A step of pairs has 40 rows, one of triples 7; the last ones only fill up.

The file:
  config     hidden D, layers, users, items
  meetings   the pairs of each behavior, the target last
  fields     values of items by the name of their field, item 1 first; 0 is none
  parameters by the names that the model in this repository gives them; matrices multiply from the right, x @ W, W is [in, out]
  history    [L]: items of somebody who was never trained on
  scores     [users + 1, items + 1] of users 0, that person, to the last
  uniforms   numbers in [0, 1) that views are drawn with, in the order of their use: for each reading, two masks of entities, and edges
  views      what edges count in the view of each reading, [1 + edges], the first 0
  passes     of each pass, that of behaviors by how graphs are read, and of all in one: inputs by the names of the training graph's, loss, gradients by the names of parameters
"""

import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from fixture import array, arrays, drawn, gradients, scalar, write  # noqa: E402

USERS, ITEMS, D, LAYERS = 6, 9, 3, 2  # rows: the first of each is nobody, and no item
SHARE, TEMPERATURE, LAMBDA_VIEWS, LAMBDA_BEHAVIORS, LEAST = 0.1, 0.2, 0.1, 0.005, 0.6
MEETINGS = {  # by behavior, the target last; user 4 has no click
    "click": [(1, 1), (1, 2), (1, 5), (2, 2), (2, 3), (3, 4), (3, 5), (3, 6), (3, 7), (5, 8)],
    "favorite": [(1, 2), (1, 3), (2, 3), (2, 7), (3, 5), (4, 1), (4, 6), (4, 7)],
}
FIELDS = {"brand": [0, 1, 2, 1, 0, 2, 3, 0], "category": [1, 1, 2, 0, 0, 2, 1, 0]}  # of items 1 and up, 0 is none


def matrix(pairs):
    a = torch.zeros(USERS, ITEMS)
    for user, item in pairs:
        a[user, item] = 1
    return a


def whole(a):
    """The graph of users and items, divided by the roots of both degrees: [U + V, U + V]."""
    top = torch.cat([torch.zeros(USERS, USERS), a], 1)
    bottom = torch.cat([a.T, torch.zeros(ITEMS, ITEMS)], 1)
    both = torch.cat([top, bottom])
    degree = both.sum(1)
    scale = torch.where(degree > 0, degree.clamp(min=1) ** -0.5, 0.0)
    return scale[:, None] * both * scale[None, :]


def counted(a, aggregate):
    """What users read of items, and items of users, [U, V] and [V, U]."""
    if aggregate == "sum":
        return a, a.T
    if aggregate == "mean":
        return a / a.sum(1, keepdim=True).clamp(min=1), a.T / a.T.sum(1, keepdim=True).clamp(min=1)
    both = whole(a)
    return both[:USERS, USERS:], both[USERS:, :USERS]


counts = [max(values) for values in FIELDS.values()]
FIRST = [sum(counts[:at]) for at in range(len(counts))]
ENTITIES = sum(counts) + 1
OWN = torch.tensor([[0] * len(FIELDS)] + [
    [value + FIRST[at] if value else 0 for at, value in enumerate(row)] for row in zip(*FIELDS.values())
])
RELATIONS = len(FIELDS)

torch.manual_seed(29)
P = {"user": drawn(USERS, D), "item": drawn(ITEMS, D)}
for layer in range(LAYERS):
    for side in ("user", "item"):
        P[f"layer{layer}.{side}"] = drawn(D, D)
for side in ("user", "item"):
    P[f"output.{side}"] = drawn(LAYERS * D, D, scale=0.7)
P["known.user"] = drawn(USERS, D)
for reading in ("transr", "tatec"):
    P[f"known.{reading}.item"] = drawn(ITEMS, D)
    P[f"known.{reading}.entity"] = drawn(ENTITIES, D)
    P[f"known.{reading}.relation"] = drawn(RELATIONS, D)
    P[f"known.{reading}.matrix"] = drawn(RELATIONS, D, D)
P["known.attention.weight"] = drawn(3 * D, 1)
P["known.attention.bias"] = drawn(1)
P["known.output.weight"] = drawn(D, D)
P["known.output.bias"] = drawn(D)


def behaviors(aggregate):
    """(1-3): users, items, and users by each behavior."""
    user, item = P["user"], P["item"]
    graphs = {name: counted(matrix(pairs), aggregate) for name, pairs in MEETINGS.items()}
    users, items, own = [], [], {name: [] for name in MEETINGS}
    for layer in range(LAYERS):
        by = {name: to_users @ item for name, (to_users, _) in graphs.items()}
        of = [to_items @ user for _, to_items in graphs.values()]
        for name, message in by.items():
            own[name].append(torch.sigmoid(message @ P[f"layer{layer}.user"]))
        user = torch.sigmoid(torch.stack(list(by.values())).mean(0) @ P[f"layer{layer}.user"])
        item = torch.sigmoid(torch.stack(of).mean(0) @ P[f"layer{layer}.item"])
        users.append(user)
        items.append(item)
    out = lambda parts, side: torch.cat(parts, 1) @ P[f"output.{side}"]
    return out(users, "user"), out(items, "item"), [out(parts, "user") for parts in own.values()]


def read(reading, kept=None):
    """(7-8), item by item."""
    x, e, r = (P[f"known.{reading}.{part}"] for part in ("item", "entity", "relation"))
    rows = []
    for item in range(ITEMS):
        own = [(at, int(OWN[item, at])) for at in range(RELATIONS) if OWN[item, at] > 0 and (kept is None or kept[item, at])]
        g = torch.zeros(D)
        if own:
            a = torch.stack([
                F.leaky_relu(torch.cat([x[item], r[at], e[entity]]) @ P["known.attention.weight"][:, 0] + P["known.attention.bias"][0], 0.2)
                for at, entity in own
            ]).softmax(0)
            g = sum(a[place] * e[entity] for place, (_, entity) in enumerate(own))
        rows.append(torch.relu((g + x[item]) @ P["known.output.weight"] + P["known.output.bias"]))
    return torch.stack(rows)


def along(items, graph):
    """(9) LightGCN."""
    state = torch.cat([P["known.user"], items])
    steps = [state]
    for _ in range(LAYERS):
        steps.append(graph @ steps[-1])
    mean = torch.stack(steps).mean(0)
    return mean[:USERS], mean[USERS:]


TARGET = MEETINGS["favorite"]
GRAPH = whole(matrix(TARGET))


def known_vectors():
    return along((read("transr") + read("tatec")) / 2, GRAPH)


def mixed(aggregate="sum"):
    users, items, own = behaviors(aggregate)
    x_users, x_items = known_vectors()
    return (1 - SHARE) * users + SHARE * x_users.detach(), (1 - SHARE) * items + SHARE * x_items.detach(), own


# A step of pairs: 40 rows, the last four of which only fill up.
ROWS, FILL = 40, 4
pairs = [TARGET[at] for at in (0, 2, 1, 5, 7, 3, 4, 6)]
user = torch.tensor([pairs[at % 8][0] for at in range(ROWS)])
item = torch.tensor([pairs[at % 8][1] for at in range(ROWS)])
clicked = {one: [i for u, i in MEETINGS["click"] if u == one] for one in range(USERS)}
positive = torch.tensor([[(clicked[int(u)] or [0])[at % max(1, len(clicked[int(u)]))], int(i)] for at, (u, i) in enumerate(zip(user, item))])
negative = torch.tensor([[1 + (3 * at) % 8, 1 + (5 * at + 2) % 8] for at in range(ROWS)])
weight = torch.tensor([1 / (ROWS - FILL)] * (ROWS - FILL) + [0.0] * FILL)
REAL = ROWS - FILL


def behavior_loss(aggregate="sum"):
    """(4-6)"""
    users, items, own = mixed(aggregate)
    u = users[user[:REAL]]
    total = 0
    for k in range(len(MEETINGS)):
        has = positive[:REAL, k] > 0
        difference = (u * (items[positive[:REAL, k]] - items[negative[:REAL, k]])).sum(1)
        total = total - F.logsigmoid(difference)[has].sum() / len(MEETINGS)
    size = u.square().sum() + items[positive[:REAL, -1]].square().sum() + items[negative[:REAL, -1]].square().sum()
    chosen = user[: ROWS // 10].tolist()
    contrast = 0
    for vectors in own:
        for a in chosen:
            e = lambda b: torch.exp(own[-1][a] @ vectors[b] / D)
            against = sum(e(b) for b in sorted(set(chosen)) if b != a)
            contrast = contrast - torch.log(1e-8 + e(a) / (against + 1e-8)) / len(own)
    return (total + 1e-3 * size + LAMBDA_BEHAVIORS * contrast) / REAL


def view_contrast(ids, one, other):
    total = 0
    for a in ids.tolist():
        e = lambda b: torch.exp(F.cosine_similarity(one[a], other[b], dim=0) / TEMPERATURE)
        total = total - torch.log(e(a) / (sum(e(b) for b in ids.tolist() if b != a) + 1e-8))
    return total


def knowledge_loss(views, mean=False):
    """(9, 12)"""
    users, items = known_vectors()
    u, i, j = user[:REAL], item[:REAL], negative[:REAL, -1]
    ranking = F.softplus((users[u] * (items[j] - items[i])).sum(1)).sum()
    tables = P["known.user"][u].square().sum() + sum(
        P[f"known.{reading}.item"][ids].square().sum() for reading in ("transr", "tatec") for ids in (i, j)
    )
    (u1, i1), (u2, i2) = (along(read(reading), graph) for reading, graph in views.items())
    contrast = view_contrast(u, u1, u2) + view_contrast(i, i1, i2)
    return (ranking + LAMBDA_VIEWS * contrast) / (REAL if mean else 1) + 1e-4 * tables / 2 / REAL


head = torch.tensor([1, 2, 3, 6, 7, 3, 1])
relation = torch.tensor([1, 0, 0, 0, 1, 1, 1])
tail = torch.tensor([OWN[h, r] for h, r in zip(head, relation)])
other = torch.tensor([5, 3, 1, 4, 3, 1, 5])
triple_weight = torch.tensor([1 / 6] * 6 + [0.0])


def triple_loss(reading):
    """(10-11)"""
    x, e, r, m = (P[f"known.{reading}.{part}"] for part in ("item", "entity", "relation", "matrix"))
    lost, size = 0, 0
    for h, k, t, o in list(zip(head, relation, tail, other))[:6]:
        a, b, c = x[h], e[t], e[o]
        if reading == "transr":
            a, b, c = a @ m[k], b @ m[k], c @ m[k]
            energy = lambda y: (a + r[k] - y).square().sum()
        else:
            energy = lambda y: a @ m[k] @ y + a @ r[k] + y @ r[k] + a @ y
        lost = lost - F.logsigmoid(energy(c) - energy(b)) / 6
        size = size + sum(y.square().sum() / 2 for y in (a, r[k], b, c)) / 6
    return lost + 1e-3 * (size + m.norm())


def new_views():
    """(12) Drawn with given uniform numbers, in the order of use."""
    count = 2 * (2 * ITEMS * RELATIONS + len(TARGET))
    uniforms = [(0.5 + 0.618034 * at) % 1 for at in range(count)]
    left = iter(uniforms)
    views, values = {}, {}
    for reading in ("transr", "tatec"):
        masks = [torch.tensor([[0 if next(left) < 0.5 else 1 for _ in range(RELATIONS)] for _ in range(ITEMS)]) for _ in "ab"]
        one, two = (read(reading, mask) for mask in masks)
        stability = F.cosine_similarity(one, two, dim=1, eps=1e-12)
        m = (P["known.user"][1:] @ P[f"known.{reading}.item"][1:].T).softmax(1) * stability[None, 1:]
        chance = LEAST + (1 - LEAST) * (m - m.min()) / (m.max() - m.min())
        kept = [next(left) < chance[u - 1, i - 1].item() for u, i in TARGET]
        graph = whole(matrix([pair for pair, keep in zip(TARGET, kept) if keep]))
        views[reading] = graph
        values[reading] = torch.tensor([0.0] + [graph[u, USERS + i].item() for u, i in TARGET])
    return uniforms, views, values


uniforms, views, values = new_views()
part = lambda names: {name: P[name] for name in P if any(name.startswith(one) for one in names)}
ofBehaviors = {name: P[name] for name in P if not name.startswith("known.")}
ofKnowledge = {
    name: P[name] for name in P if name.startswith("known.") and not name.endswith(".matrix")
}
step = {"user": user, "item": item, "positives": positive, "negatives.of": negative, "weight": weight}
triple = {"item": head, "relation": relation, "entity": tail, "other": other, "weight": triple_weight}
prefixed = lambda inputs, prefix: {f"batch.{prefix}{name}": value for name, value in inputs.items()}


def written(loss, inputs, learned):
    return {"inputs": arrays(inputs), "loss": scalar(loss), "gradients": gradients(loss, learned)}


def joint():
    loss = behavior_loss() + knowledge_loss(views, mean=True) + triple_loss("transr") + triple_loss("tatec")
    return written(loss, {**prefixed(step, "pairs."), **prefixed(triple, "triples.")}, P)


users, items, _ = mixed()
history = torch.tensor([4, 1, 6])
people = torch.cat([items[history].mean(0, keepdim=True), users[1:]])
write({
    "config": {"hidden": D, "layers": LAYERS, "users": USERS - 1, "items": ITEMS - 1},
    "meetings": MEETINGS,
    "fields": FIELDS,
    "parameters": arrays(P),
    "history": array(history),
    "scores": array(people @ items.T),
    "uniforms": uniforms,
    "views": arrays(values),
    "passes": {
        "transr": written(triple_loss("transr"), prefixed(triple, ""), part(["known.transr."])),
        "tatec": written(triple_loss("tatec"), prefixed(triple, ""), part(["known.tatec."])),
        "knowledge": written(knowledge_loss(views), prefixed(step, ""), ofKnowledge),
        **{one: written(behavior_loss(one), prefixed(step, ""), ofBehaviors) for one in ("sum", "mean", "symmetric")},
        "joint": joint(),
    },
})

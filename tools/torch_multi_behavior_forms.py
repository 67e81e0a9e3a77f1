"""The models of several behaviors in plain PyTorch; see torch_sequence_forms.py."""

import math

import torch
from torch.nn import functional as F

from torch_sequence_forms import HIDDEN, picked, softmax_loss

# Of MB-STR: distances told apart, and the one from which on they are alike.
BUCKETS, FARTHEST = 32, 40


def distance_buckets(length):
    distance = torch.arange(length)[None] - torch.arange(length)[:, None]
    away, side = distance.abs(), BUCKETS // 2
    exact = side // 2
    shared = exact + (torch.log(away.clamp(min=1) / exact) / math.log(FARTHEST / exact) * exact).long()
    return torch.where(distance > 0, side, 0) + torch.where(away < exact, away, shared.clamp(max=side - 1))


def mb_str(m):
    """Every place goes through the layers of all behaviors and takes those of its own, as one einsum."""
    o, history, behavior = m.options, m.batch["cloze.history"], m.batch["cloze.behavior"]
    width, heads, drop = o["hiddenSize"], o["heads"], o["dropout"]
    kinds, length = m["block0.feedForward.inner.bias"].shape[0], history.shape[1]
    own = F.one_hot(behavior, kinds + 1)[..., 1:].float()
    pair = (behavior[:, :, None] - 1).clamp(min=0) * kinds + (behavior[:, None] - 1).clamp(min=0)
    place = distance_buckets(length) * kinds**2 + pair
    hidden = torch.zeros(history.shape).masked_fill(history == 0, HIDDEN)[None, :, None]

    def matrices(name):
        mixed = torch.softmax(m[f"{name}.mix"], -1) @ m[f"{name}.base"].flatten(2)
        return mixed.view(heads, kinds, kinds, width // heads, width // heads)

    def attend(name, x):
        q, k, v = (
            torch.einsum("bld,dkhe,blk->hble", x, m[f"{name}.{part}"].view(width, kinds, heads, -1), own)
            for part in ("query", "key", "value")
        )
        asked = torch.einsum("hbim,hacmn,bia->hbicn", q, matrices(f"{name}.scores"), own)
        scores = torch.einsum("hbicn,hbjn,bjc->hbij", asked, k, own) / math.sqrt(width // heads)
        bias = F.embedding(place, m[f"{name}.bias"].view(-1, heads)).permute(3, 0, 1, 2)
        weights = m.drop(torch.softmax(scores + bias + hidden, -1), drop)
        offered = torch.einsum("hbjm,hacmn,bjc->hbjan", v, matrices(f"{name}.values"), own)
        found = torch.einsum("hbij,hbjan,bia->hbin", weights, offered, own)
        return found.permute(1, 2, 0, 3).flatten(2)

    def forward(name, x):
        inner, outer = (m[f"{name}.{part}.weight"] for part in ("inner", "outer"))
        raised = torch.einsum("bld,kdf,blk->blf", x, inner.view(kinds, width, -1), own) + own @ m[f"{name}.inner.bias"]
        made = torch.einsum("blf,fkd,blk->bld", m.drop(F.relu(raised), drop), outer.view(-1, kinds, width), own)
        return made + own @ m[f"{name}.outer.bias"]

    items = m["item"]
    x = m.drop(m.rows(items, history), drop)
    for layer in range(o["layers"]):
        name = f"block{layer}"
        x = m.norm(f"{name}.norm1", x + m.drop(attend(f"{name}.attention", x), drop))
        x = m.drop(m.norm(f"{name}.norm2", x + m.drop(forward(f"{name}.feedForward", x), drop)), drop)
    x, own = (picked(y, m.batch["cloze.sources"]) for y in (x, own))
    shared = o["sharedExperts"]
    gates = torch.softmax(torch.einsum("pd,dke,pk->pe", x, m["head.gate"].view(width, kinds, -1), own), -1)
    weights = torch.cat([gates[:, :shared], gates[:, shared:] * own], 1)
    experts = (x @ m["head.expert.weight"]).view(len(x), -1, width) + m["head.expert.bias"]
    users = x + m.norm("head.norm", (weights[:, None] @ experts)[:, 0])
    return softmax_loss(m, users, items[:-1], "cloze.targets", "cloze.weights")


def dipn(m):
    """Each view's events are put side by side, so that its recurrent layer takes as many steps as the longest has events."""
    o, history, behavior, gap = m.options, m.batch["history"], m.batch["behavior"], m.batch["gap"]
    width, kinds = o["hiddenSize"], m["behavior"].shape[0] - 1
    ages = gap.flip(1).cumsum(1).flip(1) - gap
    names = sorted(name for name in m.learned if name.startswith("field."))
    fields = [m.rows(name, m[f"item.{name}"][history]) for name in names]
    buckets = [torch.log2(1 + seconds).clamp(max=31).long() for seconds in (gap, ages)]
    times = [m.rows(name, bucket) for name, bucket in zip(("gap", "age"), buckets)]
    x = torch.cat([m.rows("item", history), *fields, m.rows("behavior", behavior), *times], -1)
    views = []
    for view in range(kinds):
        own = behavior == view + 1
        count = own.sum(1)
        order = torch.argsort(~own, dim=1, stable=True)[:, : max(1, int(count.max()))]
        events = x.gather(1, order[..., None].expand(-1, -1, x.shape[2]))
        bias = torch.cat([torch.zeros(2 * width), m["gru.hidden.bias"][view, 0]])
        weights = [m[f"gru.{part}.weight"][view].T.contiguous() for part in ("input", "hidden")]
        states, _ = torch.gru(events, torch.zeros(1, len(x), width), [*weights, m["gru.input.bias"][view, 0], bias], True, 1, 0.0, True, False, True)
        scores = torch.tanh(states @ m["bottom.weight"][view] + m["bottom.bias"][view]) @ m["bottom.output"][view]
        there = torch.arange(order.shape[1]) < count[:, None]
        shares = torch.softmax(scores[..., 0].masked_fill(~there, HIDDEN), 1)
        views.append(torch.where(count[:, None] > 0, (shares[:, None] @ states)[:, 0], m["bottom.empty"][view]))
    stacked = torch.stack(views, 1)
    shares = torch.softmax(torch.tanh(m.affine("top", stacked)) @ m["top.output"], 1)
    read = torch.cat([(shares * stacked).sum(1), *views], 1)

    # As many places for each window as a batch may have targets in one.
    window = m.batch["places"] // (len(m.batch["placesInverse"]) // len(x))

    def head(name):
        return m.affine(f"{name}.outer", m.drop(F.relu(m.affine(f"{name}.inner", read)), o["dropout"]))[window]

    weights = m.batch["weights"]
    is_next = (m.batch["targetBehaviors"] == kinds).float()
    users, others = head("next"), head("other")
    losses = F.cross_entropy(
        torch.where(is_next[:, None] > 0, users, others) @ m["item"][1:].T, (m.batch["targets"] - 1).clamp(min=0), reduction="none"
    )
    next_weights, other_weights = weights * is_next, weights * (1 - is_next)
    each = next_weights / next_weights.sum() + o["lambdaAuxiliary"] * other_weights / other_weights.sum()
    intent = F.binary_cross_entropy_with_logits(m.affine("intent", users)[:, 0], is_next, weights, reduction="sum")
    return (losses * each).sum() + o["lambdaIntent"] * intent


def nmtr(m):
    users, items = m.rows("user", m.batch["user"]), m.rows("item", m.batch["item"])
    biases, labels = m.rows("item.bias", m.batch["item"])[:, 0], m.batch["label"]
    read = torch.cat([users, items, users * items], 1)
    kinds = labels.shape[1]
    lambdas = [m.options["lambdaAuxiliary"]] * (kinds - 1) + [1]
    loss = 0
    for kind in range(kinds):
        hidden = read
        for layer in range(m.options["layers"]):
            hidden = F.relu(m.affine(f"tower{kind}.layer{layer}", hidden))
        own = (hidden @ m[f"tower{kind}.output"])[:, 0]
        score = (own if kind == 0 else (own + score) / 2) + biases
        each = F.binary_cross_entropy_with_logits(score, labels[:, kind], m.batch["weight"], reduction="sum")
        loss = loss + lambdas[kind] / sum(lambdas) * each
    return loss


def ebm(m):
    """The last stage: everything at once."""
    o = m.options
    width, chunks, drop = o["hiddenSize"], o["chunks"], o["dropout"]
    count = (m.batch["history"] > 0).sum(1)
    rows, length = m.batch["history"].shape
    place = torch.arange(length) - (length - count[:, None])
    history, behavior = (torch.where(place < 0, 0, m.batch[name].gather(1, place.clamp(min=0))) for name in ("history", "behavior"))
    mask = (history > 0).float()
    there = mask[..., None]

    def layer(name, x):
        spectrum = torch.fft.rfft(x, dim=1, norm="ortho").view(rows, -1, chunks, width // chunks)

        def affine(part, y):
            weight = torch.complex(m[f"{name}.{part}.real"], m[f"{name}.{part}.imaginary"])
            real, imaginary = m[f"{name}.{part}.bias"][:, 0].chunk(2, -1)
            return torch.einsum("bfkc,kcd->bfkd", y, weight) + torch.complex(real, imaginary)

        inner = affine("inner", spectrum)
        outer = affine("outer", torch.complex(F.relu(inner.real), F.relu(inner.imag)))
        back = torch.fft.irfft(outer.flatten(2), length, dim=1, norm="ortho")
        return m.norm(f"{name}.norm", x + m.drop(back, drop))

    x = m.rows("item", history) + m.rows("behavior", behavior) + m["position"]
    x = m.drop(m.norm("norm", x), drop) * there
    for at in range(o["layers"]):
        x = layer(f"layer{at}", x) * there
    worth = 1 + torch.sigmoid(m["hard.preference"])
    logits = m.rows(worth, behavior) - m.affine("hard.threshold", x)
    drawn = torch.cat([logits, -logits], -1)
    drawn = drawn + m.gumbel(drawn.shape)
    soft = torch.softmax(drawn / o["temperature"], -1)
    hard = F.one_hot(drawn.argmax(-1), 2).float()
    keep = (hard + soft - soft.detach())[..., :1] * there
    kept = x * keep
    kinds = m["soft.real"].shape[0]
    shares = F.one_hot(behavior, kinds + 1)[..., 1:].sum(1) / count[:, None].clamp(min=1)
    filters = torch.einsum("bk,kfd->bfd", shares.to(torch.complex64), torch.complex(m["soft.real"], m["soft.imaginary"]))
    passed = torch.fft.irfft(torch.fft.rfft(kept, dim=1, norm="ortho") * filters, length, dim=1, norm="ortho")
    joined = m.norm("join.norm", kept + m.drop(passed, drop)) * keep
    users = layer("last", joined)[:, -1]
    targets, weights = m.batch["lastTargets.item"], m.batch["weights"][m.batch["lastTargets"]]
    losses = F.cross_entropy(users @ m["item"][1:].T, (targets - 1).clamp(min=0), reduction="none")
    target = m.rows("item", targets)

    def fit(y, number):
        return (y.sum(1) / torch.where(number > 0, number, 1) * target).sum(1)

    def ordered(best, middle, worst):
        return (weights * (F.softplus(middle - best) + F.softplus(worst - middle))).sum()

    every, stay = mask.sum(1, keepdim=True), keep.sum(1)
    hard = ordered(fit(kept, stay), fit(x, every), fit(x - kept, every - stay))
    left = passed * keep
    soft = ordered(fit(left, stay), fit(kept, stay), fit(kept - left, stay))
    parts = x.view(rows, length, chunks, -1).transpose(1, 2)
    gram = parts.transpose(2, 3) @ parts * (width / (length * o["epsilon"] ** 2))
    size = torch.logdet(gram + torch.eye(width // chunks)).sum(1)
    compactness = (weights * size).sum() / 2
    return (losses * weights).sum() + o["lambdaCompactness"] * compactness + o["lambdaContrast"] * (hard + soft)


def light_gcn(users, items, to_users, to_items, layers):
    """The mean of all layers; users read along one matrix and items along the other."""
    all_users, all_items = [users], [items]
    for _ in range(layers):
        users, items = torch.sparse.mm(to_users, items), torch.sparse.mm(to_items, users)
        all_users.append(users)
        all_items.append(items)
    return sum(all_users) / len(all_users), sum(all_items) / len(all_items)


def known_items(m, reading, rate):
    """Of KMCLR: items that read the values of their fields as entities of a knowledge graph."""
    items = m[f"known.{reading}.item"]
    columns, first = [], 0
    for name in sorted(name for name in m.learned if name.startswith("item.field.")):
        columns.append(torch.where(m[name] > 0, m[name] + first, 0))
        first += int(m[name].max())
    ids = torch.stack(columns, 1)
    there = ids > 0
    entities = m.drop(m.rows(f"known.{reading}.entity", ids), rate)
    sides = (items[:, None].expand_as(entities), m[f"known.{reading}.relation"].expand_as(entities), entities)
    scores = F.leaky_relu(m.affine("known.attention", torch.cat(sides, 2))[..., 0], 0.2)
    shares = m.drop(torch.softmax(scores.masked_fill(~there, HIDDEN), 1) * there, rate)
    read = (shares[:, None] @ entities)[:, 0]
    return m.drop(F.relu(m.affine("known.output", items + read)), rate)


READINGS = ("transr", "tatec")


def along_edges(m, name, to_users, to_items):
    """What users read of items along the edges of a graph, and items of users; values begin with one of no edge."""
    edges, sizes = m.edges(name), (len(m["known.user"]), len(m["known.transr.item"]))
    read = torch.sparse_coo_tensor(edges, to_users[1:], sizes, is_coalesced=True)
    return read, torch.sparse_coo_tensor(edges.flip(0), to_items[1:], sizes[::-1])


def target_graph(m):
    (name,) = (name for name in m.learned if name.endswith(".symmetric"))
    return name.removesuffix(".symmetric"), m[name]


def kmclr_knowledge(m):
    """The target graph with edges left out, and two views of it contrasted."""
    o, user, item, users = m.options, m.batch["user"], m.batch["item"], m["known.user"]
    rate, (graph, counts) = o["dropout"], target_graph(m)
    views = []
    for reading in READINGS:
        kept = m[f"view.{reading}"]
        views.append(light_gcn(users, known_items(m, reading, rate), *along_edges(m, graph, kept, kept), o["layers"]))
    items = sum(known_items(m, reading, rate) for reading in READINGS) / 2
    left = [m.drop(counts, o["edgeDropout"]) for _ in range(2)]
    all_users, all_items = light_gcn(users, items, *along_edges(m, graph, *left), o["layers"])
    other, weights = m.batch["negatives.of"][:, -1], m.batch["weight"]
    there = (weights > 0).float()
    asked = all_users[user]
    lost = F.softplus((asked * (all_items[other] - all_items[item])).sum(1))
    rows = [users[user], *(m[f"known.{reading}.item"][ids] for ids in (item, other) for reading in READINGS)]
    size = (sum(row.square().sum(1) for row in rows) / 2 * weights).sum()

    def contrast(ids, one, two):
        one, two = (F.normalize(table[ids], dim=1) for table in (one, two))
        near = one @ two.T / o["temperature"]
        others = (ids[:, None] != ids) * there
        return (((near.exp() * others).sum(1) + 1e-8).log() - near.diagonal()) @ there

    (first_users, first_items), (second_users, second_items) = views
    both = contrast(user, first_users, second_users) + contrast(item, first_items, second_items)
    return (lost * there).sum() + 1e-4 * size + o["lambdaViews"] * both


def kmclr_behaviors(m):
    """A graph for each behavior, mixed with what the knowledge side says, which has no gradient here."""
    o, user, weights = m.options, m.batch["user"], m.batch["weight"]
    positives, negatives = m.batch["positives"], m.batch["negatives.of"]
    kinds, width = positives.shape[1], o["hiddenSize"]
    graphs = []
    for at in range(kinds):
        name = f"graph.{at}"
        if (name, "read") not in m.matrices:
            read = along_edges(m, name, m[f"{name}.users"], m[f"{name}.items"])
            m.matrices[name, "read"] = [matrix.to_sparse_csr() for matrix in read]
        graphs.append(m.matrices[name, "read"])
    drawn, real = user[: max(2, len(user) // 10)], (weights[: max(2, len(user) // 10)] > 0).float()
    users, items, read = m["user"], m["item"], []
    for layer in range(o["layers"]):
        messages = [torch.sparse.mm(to_users, items) for to_users, _ in graphs]
        of_users = [torch.sparse.mm(to_items, users) for _, to_items in graphs]
        weight = m[f"layer{layer}.user"]
        users = torch.sigmoid(sum(messages) / kinds @ weight)
        items = torch.sigmoid(sum(of_users) / kinds @ m[f"layer{layer}.item"])
        read.append((users, items, [torch.sigmoid(message[drawn] @ weight) for message in messages]))
    every_user, every_item = (torch.cat([one[at] for one in read], 1) @ m[f"output.{name}"] for at, name in enumerate(("user", "item")))
    with torch.no_grad():
        graph, counts = target_graph(m)
        known = sum(known_items(m, reading, 0) for reading in READINGS) / 2
        known = light_gcn(m["known.user"], known, *along_edges(m, graph, counts, counts), o["layers"])
    share = o["knowledgeShare"]
    mixed_users, mixed_items = ((1 - share) * own + share * other for own, other in zip((every_user, every_item), known))
    asked, met, other = mixed_users[user], mixed_items[positives], mixed_items[negatives]
    lost = F.softplus(((other - met) @ asked[..., None])[..., 0]) * (positives > 0)
    size = sum(x.square().sum(1) for x in (asked, met[:, -1], other[:, -1]))
    same = (drawn[:, None] == drawn).float() * real
    others = (1 - same) * real / same.sum(1).clamp(min=1)
    each = [torch.cat([one[2][at] for one in read], 1) @ m["output.user"] for at in range(kinds)]
    tiny, contrast = torch.tensor(1e-8).log(), 0
    for one in each:
        near = each[-1] @ one.T / width
        against = torch.logaddexp(torch.logsumexp(near + others.log(), 1), tiny)
        contrast = contrast - weights[: len(drawn)] @ torch.logaddexp(near.diagonal() - against, tiny) / kinds
    return (weights @ lost).sum() / kinds + 1e-3 * (weights @ size) + o["lambdaBehaviors"] * contrast


def sgdl_weighed(m):
    """The step of the tables, each pair's loss by its weight."""
    graph = m.sparse("graph.forward", len(m["item"])), m.sparse("graph.backward", len(m["user"]))
    users, items = light_gcn(m["user"], m["item"], *graph, m.options["layers"])
    user, item, other = (m.batch[name] for name in ("user", "item", "negatives"))
    losses = F.softplus((users[user] * (items[other[:, 0]] - items[item])).sum(1))
    return (losses * weighed(m, losses.detach()).detach() * m.batch["weight"]).sum()


def weighed(m, losses):
    return torch.sigmoid(m.affine("weight.output", F.relu(m.affine("weight.hidden", losses[:, None]))))[:, 0]


def sgdl_guide(m):
    """The step of what weighs pairs: through a step of descent on the tables, by gradients of gradients."""
    o = m.options
    tables = [m[name].detach().requires_grad_() for name in ("user", "item")]
    graph = m.sparse("graph.forward", len(tables[1])), m.sparse("graph.backward", len(tables[0]))

    def read(users, items, kind):
        users, items = light_gcn(users, items, *graph, o["layers"])
        user, item, other = (m.batch[f"{kind}.{name}"] for name in ("user", "item", "negatives"))
        return users[user], items[item], items[other[:, 0]]

    def loss_of(user, item, other):
        return F.softplus((user * (other - item)).sum(1))

    def descended(kind, through):
        losses = loss_of(*read(*tables, kind))
        lost = (weighed(m, losses.detach()) * losses * m.batch[f"{kind}.weight"]).sum()
        slopes = torch.autograd.grad(lost, tables, create_graph=through)
        return read(*(table - o["virtualRate"] * slope for table, slope in zip(tables, slopes)), "clean")

    tried = descended("noisy", True)
    now, later = read(*tables, "clean"), descended("clean", False)

    def alike(of):
        return F.cosine_similarity(of(*now), of(*later), dim=1)

    cosines = torch.stack([alike(lambda user, item, other: item - other), alike(lambda user, item, other: user)], 1).detach()

    def both_ways(name, x):
        states = []
        for side in ("forward", "backward"):
            i, g, o = m.affine(f"scheduler.{name}.{side}", x).chunk(3, 1)
            states.append(torch.sigmoid(o) * torch.tanh(torch.sigmoid(i) * torch.tanh(g)))
        return torch.cat(states, 1)

    states = torch.cat([both_ways("cosines", cosines), both_ways("losses", loss_of(*now).detach()[:, None])], 1)
    weights = m.batch["clean.weight"]
    scores = m.affine("scheduler.output", torch.tanh(m.affine("scheduler.hidden", states)))[:, 0]
    logits = torch.log_softmax(scores.masked_fill(weights == 0, HIDDEN), 0).expand(len(weights), -1)
    drawn = logits + m.gumbel(logits.shape)
    soft = torch.softmax(drawn / o["temperature"], 1)
    chosen = F.one_hot(drawn.argmax(1), len(weights)) + soft - soft.detach()
    return (loss_of(*(chosen @ vectors for vectors in tried)) * weights).sum()


forms = {
    "mb-str": mb_str, "dipn": dipn, "nmtr": nmtr, "ebm": ebm, "kmclr: knowledge": kmclr_knowledge, "kmclr: behaviors": kmclr_behaviors,
    "sgdl: guide": sgdl_guide, "sgdl: weighed": sgdl_weighed,
}
# The length down to which gradients are scaled, where a model does so.
longest_gradient = {"kmclr: behaviors": 20.0}

"""The models of clicks that read pictures and texts too in plain PyTorch, each a function of a step's arrays that gives its loss, for torch_steps.py. What
torch_click_forms.py says of its forms is true of these.
"""

import math
from itertools import combinations

import torch
from torch.nn import functional as F

from torch_click_forms import (  # noqa: E402
    HIDDEN, MODALITIES, clicks, field_names, fields, hiding, ids_of, ids_read, interest, item_row, item_vectors, mask, mean, output, projected, unit,
)


def fused_reading(m, table):
    history, item = m.rows(table, m.batch["history"]), m.rows(table, m.batch["item"])
    return clicks(m, output(m, mean(m, history), item))


def ranked(m, vectors):
    """What each rank makes of all modalities: [.., R, O]."""
    o = m.options
    whole = math.prod(m.affine(f"fusion.{name}", x) for name, x in zip(("id", *MODALITIES), vectors))
    return whole.view(*whole.shape[:-1], o["rank"], o["fusionSize"])


def lmf(m):
    vectors = [m.drop(x, m.options["inputDropout"]) for x in item_vectors(m)]
    return fused_reading(m, (ranked(m, vectors) * m["fusion.ranks"]).sum(-2) + m["fusion.bias"])


def mtfn(m):
    vectors = [torch.tanh(m.drop(x, m.options["inputDropout"])) for x in item_vectors(m)]
    return fused_reading(m, m.affine("compress", ranked(m, vectors).sum(-2)))


def additive(m, name, x):
    return torch.tanh(m.affine(name, x)) @ m[f"{name}.query"]


def naml(m):
    rate, rows = m.options["dropout"], [m.rows(f"field.item.{name}", m["item.fields"][:, at]) for at, name in enumerate(field_names(m))]
    encoded = [m.affine(f"view.{name}", m.drop(row, rate)) for name, row in zip(field_names(m), rows)]
    encoded += [m.drop(projected(m, name), rate) for name in MODALITIES]
    views = torch.stack([m.drop(F.relu(view), rate) for view in encoded], 1)
    table = (torch.softmax(additive(m, "view", views), 1) * views).sum(1)
    h = m.rows(table, m.batch["history"])
    scores = additive(m, "event", h)[..., 0].masked_fill(mask(m) == 0, HIDDEN)
    user = (torch.softmax(scores, 1)[:, None] @ h)[:, 0]
    return clicks(m, (user * m.rows(table, m.batch["item"])).sum(1) + m["bias"])


def marn(m):
    o, names = m.options, ("id", *MODALITIES)

    def parts(vectors):
        s = [m.affine(f"private.{name}", x) for name, x in zip(names, vectors)]
        c = [m.affine("shared", x) for x in vectors]
        with torch.no_grad():
            w = torch.stack([1 - torch.softmax(m.mlp("weigher", x), -1)[..., at, None] for at, x in enumerate(c)]) + 1e-4
            w = w / w.mean(0)
        return s, c, [a * b for a, b in zip(w, c)]

    vectors = item_vectors(m)
    s, _, cw = parts(vectors)
    table = sum(torch.tanh(m.affine(f"gate.{name}", x)) * x for name, x in zip(names, s)) + torch.stack(cw).amax(0)
    h, t = m.rows(table, m.batch["history"]), m.rows(table, m.batch["item"])
    width = h.shape[2]
    bias = torch.cat([torch.zeros(2 * width), m["reader.hidden.bias"]])
    weights = [m["reader.input.weight"].T.contiguous(), m["reader.hidden.weight"].T.contiguous(), m["reader.input.bias"], bias]
    states, _ = torch.gru(h, torch.zeros(1, len(h), width), weights, True, 1, 0.0, True, False, True)
    attention = torch.softmax(unit(m, "unit", states, t, 1).masked_fill(mask(m) == 0, HIDDEN), 1)
    read = (attention[:, None] @ states)[:, 0]
    s, c, cw = parts([m.rows(x, m.batch["item"]) for x in vectors])
    has = [torch.ones(len(t)), *(m[f"item.{name}.present"][m.batch["item"]] for name in MODALITIES)]

    def told(network, of):
        logits = m.mlp(network, torch.cat(of))
        which = torch.arange(3).repeat_interleave(len(t))
        return (F.cross_entropy(logits, which, reduction="none") * torch.cat([m.batch["weight"] * one for one in has])).sum() / 3

    losses = told("weigher", [x.detach() for x in c])
    losses = losses + o["adversarialWeight"] * (told("discriminator", [2 * x.detach() - x for x in cw]) + told("discriminator", s))
    return clicks(m, output(m, read, t)) + losses


def gmmf(m):
    o, rate = m.options, m.options["adversarialRate"]

    def network(name, x, frozen=False):
        for at in range(2):
            w, b = (rate * m[f"{name}.{at}.{part}"] for part in ("weight", "bias"))
            x = F.linear(F.relu(x) if at else x, (w.detach() if frozen else w).T, b.detach() if frozen else b)
        return x

    def pair(x, z):
        return torch.cat([x, x - z, x * z, z], -1)

    x, *others = item_vectors(m)
    known, differences, rebuilt, judged, fooled = x.detach(), [], 0, 0, 0
    for name, vector in zip(MODALITIES, others):
        e = m.affine(f"encoder.{name}", vector)
        code = F.relu(e)
        rebuilt = rebuilt + (m.affine(f"decoder.{name}", e) - vector.detach()).square().mean(-1)
        g = network(f"generator.{name}", x, frozen=True)
        differences.append(code - torch.sigmoid(m.affine(f"difference.{name}", torch.cat([code, g, code * g, code - g], -1))) * g)
        made = network(f"generator.{name}", known)
        real, fake = (network(f"discriminator.{name}", pair(known, z.detach())) for z in (code, made))
        judged = judged + (F.softplus(-real) + F.softplus(fake))[:, 0]
        fooled = fooled + F.softplus(-network(f"discriminator.{name}", pair(known, made), frozen=True))[:, 0]
    losses = o["reconstructionWeight"] * rebuilt + judged + fooled
    history, item, there = m.batch["history"], m.batch["item"], mask(m)
    weight = m.batch["weight"]
    shares = weight[:, None] * there
    more = (weight * m.rows(losses[:, None], item)[:, 0]).sum() + (shares / shares.sum() * m.rows(losses[:, None], history)[..., 0]).sum()
    users = torch.cat(fields(m, "user", m.batch["user"]), -1)
    width = x.shape[1]
    gates = [width * torch.softmax(m.mlp(f"gate.{name}", users), -1) for name in ("id", *MODALITIES)]

    def pool(table):
        h, t = m.rows(table, history), m.rows(table, item)
        scores = F.relu((h @ t[..., None])[..., 0]) * there
        return ((scores / (scores.sum(1, keepdim=True) + 1e-8))[:, None] @ h)[:, 0]

    read = torch.cat([pool(n) * gate for n, gate in zip(differences, gates[1:])], 1)
    return clicks(m, output(m, read, m.rows(x, item) * gates[0])) + more


def qarm(m):
    o, history, item = m.options, m.batch["history"], m.batch["item"]
    codes = m["codes.joined"].long()
    near = m["neighbors"].long()
    there = (near > 0).float()
    neighbors = m.rows("code.neighbor", item_row(m, near))
    pooled = (there[:, None] @ neighbors)[:, 0] / there.sum(1, keepdim=True).clamp(min=1)
    table = torch.cat([*(m.rows(f"code.joined.{level + 1}", codes[:, level]) for level in range(o["levels"])), pooled], 1)
    s, h = m.rows(table, item), m.rows(table, history)
    own = codes[item][:, None]
    same = ((codes[history] == own) & (own > 0)).float().cumprod(-1)
    return clicks(m, output(m, interest(m, "code", h, s), mean(m, same), ids_of(m, item), s))


def simcen(m):
    o, item = m.options, m.batch["item"]
    tables = {name: projected(m, name) for name in MODALITIES}
    history = m.batch["history"]
    rows = [*fields(m, "user", m.batch["user"]), mean(m, m.rows("field.item.id", item_row(m, history)))]
    rows += [mean(m, m.rows(tables[name], history)) for name in MODALITIES]
    x = torch.stack([*rows, *fields(m, "item", item), *(m.rows(tables[name], item) for name in MODALITIES)], 1)
    meet = x @ m["views.weight"] @ x.transpose(1, 2)
    count = x.shape[1]
    triangles = [(torch.triu_indices(count, count), "upper"), (torch.tril_indices(count, count), "lower")]
    views = [m.affine(f"views.{name}", meet[:, at[0], at[1]]) for at, name in triangles]
    y, before = torch.cat([x.flatten(1), *views], 1), None
    for at in range(o["layers"]):
        e, a, b = m.affine(f"layer.{at}", y).chunk(3, 1)
        gain = 1 + torch.sigmoid(m.affine(f"layer.{at}.gate", e)) / m[f"layer.{at}.gate.temperature"].clamp(min=0.001)
        a, b = a * gain, b * gain
        if before:
            a, b = a + m[f"layer.{at}.upper"] + before[0], b + m[f"layer.{at}.lower"] + before[1]
        e, a, b = m.drop(F.relu(e), o["dropout"]), m.drop(F.leaky_relu(a), o["dropout"]), m.drop(F.gelu(b), o["dropout"])
        y, before = torch.cat([e, a, b], 1), (a, b)
    through = m.drop(e, o["throughDropout"])
    e, a, b = e, through + a, through + b
    loss = clicks(m, m.affine("output", torch.cat([e, a, b], 1))[:, 0])
    if o["contrastiveWeight"] == 0:
        return loss
    e, a, b = (F.normalize(z, dim=1) for z in (e, a, b))
    own = (e * (a + b)).sum(1) / 2 / o["temperature"]
    pairs = a @ b.T / o["temperature"] + hiding((m.batch["weight"] > 0).float())
    return loss + o["contrastiveWeight"] * (m.batch["weight"] * (torch.logsumexp(pairs, 1) - own)).sum()


def em3(m):
    o = m.options
    tokens = torch.stack([projected(m, name) for name in MODALITIES], 1)
    y = torch.cat([m["queries"].expand(len(tokens), -1, -1), tokens], 1)
    queries = len(m["queries"])
    for at in range(o["formerLayers"]):
        query = y[:, :queries] if at == o["formerLayers"] - 1 else y
        found = m.attend(f"former.{at}.attention", query, y, o["heads"], drop=o["attentionDropout"])
        y = m.norm(f"former.{at}.norm", query + m.drop(found, o["formerDropout"]))
    table = m.affine("content", y.flatten(1))
    item, history = m.batch["item"], m.batch["history"]
    c, e = m.rows(table, item), ids_of(m, item)
    read = [interest(m, "content", m.rows(table, history), c), interest(m, "id", ids_of(m, history), e)]
    loss = clicks(m, output(m, *read, c, e))
    if o["cicWeight"] == 0:
        return loss
    u, j = (F.normalize(m.affine(f"contrast.{name}", x), dim=1) for name, x in (("content", c), ("id", e)))
    weights = m.batch["weight"] * (item_row(m, item) > 1)
    others = ((item[:, None] != item) & (weights > 0)) | torch.eye(len(item), dtype=torch.bool)
    scores = (u @ j.T / o["temperature"]).masked_fill(~others, HIDDEN)
    back = (j @ u.T / o["temperature"]).masked_fill(~others, HIDDEN)
    at = torch.arange(len(item))
    nce = sum((weights * F.cross_entropy(s, at, reduction="none")).sum() for s in (scores, back)) / 2
    return loss + o["cicWeight"] * nce


def make(m):
    """The second stage: the extractor stands still."""
    o, item, history, there = m.options, m.batch["item"], m.batch["history"], mask(m)

    def tiers(name):
        vectors, has = F.normalize(m[f"item.{name}"], dim=1), m[f"item.{name}.present"]
        cosine = (vectors[history] @ vectors[item][..., None])[..., 0]
        width = (1 - o["lowest"]) / o["tiers"]
        tier = (torch.ceil((cosine - o["lowest"]) / width) - 1).clamp(0, o["tiers"] - 1).long()
        counts = torch.zeros(len(item), o["tiers"]).scatter_add(1, tier, there * has[history] * has[item][:, None])
        return torch.cat([torch.log1p(counts) * m[f"tiers.{name}.weight"], has[item][:, None]], 1)

    with torch.no_grad():
        table = m.affine("extractor.join", torch.cat([projected(m, name, "extractor.") for name in MODALITIES], 1))
        x = m.rows(table, item)
        v = interest(m, "extractor", m.rows(table, history), x)
        g = torch.cat([v, x], 1)
        for at in range(2):
            g = m.activated(f"extractor.hidden.{at}", m.affine(f"extractor.hidden.{at}", g))
        y = m.affine("extractor.logit", g)
    e = ids_of(m, item)
    read = interest(m, "id", ids_of(m, history), e)
    return clicks(m, output(m, read, *(tiers(name) for name in MODALITIES), v, g, y, e))


def cosine(a, b):
    lengths = [(x.square().sum(1) + 0.01).sqrt() for x in (a, b)]
    return (a * b).sum(1) / (lengths[0] * lengths[1])


def pairs_mean(tensors):
    return torch.stack([cosine(a, b) for a, b in combinations(tensors, 2)]).mean(0)


def diff_msin(m):
    """On DIN."""
    o, weight, label = m.options, m.batch["weight"], m.batch["label"]
    h, t = ids_read(m)
    there, names = mask(m), ("id", *MODALITIES)
    pooled, own = {"id": interest(m, "id", h, t)}, []
    for name in MODALITIES:
        table = m.norm(f"{name}.norm", projected(m, name))
        events, target = m.rows(table, m.batch["history"]), m.rows(table, m.batch["item"])
        weights = unit(m, f"{name}.attention", events, target, there)
        summed = (weights[:, None] @ events)[:, 0]
        pooled[name] = F.layer_norm(summed, summed.shape[1:], m[f"{name}.interest.scale"], m[f"{name}.interest.shift"], 0.01)
        own.append(target)
    expert = {name: m.affine("expert.id", pooled["id"]) if name == "id" else m.mlp(f"expert.{name}", pooled[name]) for name in names}
    shared = [m.mlp(f"shared.{name}", pooled[name]) for name in names]
    common = sum(shared) / 3
    enhanced = {}
    for name in names:
        gate = torch.sigmoid(m.affine(f"enhance.{name}", expert[name]))
        enhanced[name] = gate * expert[name] + (1 - gate) * common
    decoupling = (weight * (pairs_mean([*expert.values(), common]) - pairs_mean(shared))).sum()
    alphas = torch.linspace(o["alphaStart"], o["alphaEnd"], o["steps"])
    bars = torch.cumprod(alphas, 0)
    state = {name: bars[-1].sqrt() * x + (1 - bars[-1]).sqrt() * m.normal(x.shape) for name, x in expert.items()}
    pairs = [(to, other) for to in names for other in names if other != to]
    for at in reversed(range(o["steps"])):
        said = dict.fromkeys(names, 0)
        for number, (to, other) in enumerate(pairs):
            said[to] = said[to] + m["synergy.weights"][number, 0] * (state[other] @ m[f"synergy.{to}.{other}.weight"])
        state = {name: (x - (1 - alphas[at]) / (1 - bars[at]).sqrt() * said[name]) / alphas[at].sqrt() for name, x in state.items()}
    synergy = m.mlp("synergy.join", torch.cat([state[name] for name in names], 1))
    alike = cosine(synergy, m.affine("synergy.target", torch.cat([t, *own], 1)))
    drawn = (weight * (label * (1 - alike) + (1 - label) * F.relu(alike - o["margin"]))).sum()
    gates = torch.sigmoid(m.affine("fusion.gates", t))
    parts = torch.stack([enhanced["image"], enhanced["text"], common, synergy], 1)
    joined = (gates[..., None] * parts).flatten(1)
    crossed = joined * (joined @ m["fusion.cross.weight"]) + m["fusion.cross.bias"] + joined
    query = enhanced["id"][:, None]
    found = m.attend("fusion.attention", query, crossed.view(parts.shape), o["fusionHeads"])[:, 0]
    return clicks(m, output(m, enhanced["id"] + found, t)) + o["w1"] * decoupling + o["w2"] * drawn


forms = {"lmf": lmf, "mtfn": mtfn, "naml": naml, "marn": marn, "gmmf": gmmf, "qarm": qarm, "simcen": simcen, "em3": em3, "make": make, "diff-msin": diff_msin}

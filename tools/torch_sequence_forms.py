"""The models of the next item in plain PyTorch, each a function of a step's arrays that gives its loss, for torch_steps.py.

Layers, parameters and losses are those of the models in this repository at their options, on data of one behavior, with whole batches and without loops over
rows. What hangs on an item alone is looked up where the whole catalog is needed anyway, and else made for the events, as ours is. Attention makes all its
scores and drops some of them, as the published codes do. The noise of the first step is read in the order in which ours reads it.
"""

import math

import torch
from torch.nn import functional as F

HIDDEN = -1e9


def causal(length):
    return torch.full((length, length), HIDDEN).triu(1)


def block(m, name, query, hidden, heads, drop, memory=None, activation=F.gelu):
    """Post-norm, with dropout as RecBole's has it."""
    attended = m.attend(f"{name}.attention", query, query if memory is None else memory, heads, hidden, drop)
    x = m.norm(f"{name}.norm1", query + m.drop(attended, drop))
    inner = activation(m.affine(f"{name}.feedForward.inner", x))
    return m.norm(f"{name}.norm2", x + m.drop(m.affine(f"{name}.feedForward.outer", inner), drop))


def encode(m, x, hidden, prefix="", entry=None, last=None, positions="position", activation=F.gelu):
    """Every place, [B, L, D]; of one place of each row, [B, D], where `last` names them: the last block asks for it alone."""
    o = m.options
    if positions:
        x = x + m[positions][: x.shape[1]]
    x = m.drop(m.norm((prefix if entry is None else entry) + "norm", x), o["dropout"])
    for layer in range(o["layers"]):
        name = f"{prefix}block{layer}"
        if last is not None and layer == o["layers"] - 1:
            seen = torch.zeros(len(x), 1, 1, x.shape[1]).masked_fill(torch.arange(x.shape[1]) > last[:, None, None, None], HIDDEN)
            query = x[torch.arange(len(x)), last][:, None]
            return block(m, name, query, seen, o["heads"], o["dropout"], memory=x)[:, 0]
        x = block(m, name, x, hidden, o["heads"], o["dropout"], activation=activation)
    return x


def picked(x, places):
    return F.embedding(places, x.flatten(0, 1))


def at_targets(m, x, **more):
    return picked(encode(m, x, causal(x.shape[1]), **more), m.batch["sources"])


def softmax_loss(m, users, table, targets="targets", weights="weights"):
    """Over the whole catalog; row 0 is nobody's next item."""
    losses = F.cross_entropy(users @ table[1:].T, (m.batch[targets] - 1).clamp(min=0), reduction="none")
    if m.replays:
        # Where losses are compared: ours has 1e-37 added to every probability.
        losses = -torch.log(torch.exp(-losses.double()) + 1e-37).float()
    return (losses * m.batch[weights]).sum()


def known(m, name, ids):
    """An array of items at some of them, or of all."""
    return m[name] if ids is None else F.embedding(ids, m[name])


def projected(m, name, ids=None):
    vectors, lacks = known(m, f"item.{name}", ids), 1 - (m[f"item.{name}.present"] if ids is None else m[f"item.{name}.present"][ids])
    return m.affine(name, vectors) + lacks[..., None] * m[f"{name}.missing"]


MODALITIES = ("image", "text")


def sasrec(m):
    return softmax_loss(m, at_targets(m, m.rows("item", m.batch["history"])), m["item"])


def gru4rec(m):
    x = m.drop(m.rows("item", m.batch["history"]), m.options["dropout"])
    for layer in range(m.options["layers"]):
        name, width = f"gru{layer}", m.options["hiddenSize"]
        bias = torch.cat([torch.zeros(2 * width), m[f"{name}.hidden.bias"]])
        weights = [m[f"{name}.{part}.weight"].T.contiguous() for part in ("input", "hidden")]
        x, _ = torch.gru(x, torch.zeros(1, len(x), width), [*weights, m[f"{name}.input.bias"], bias], True, 1, 0.0, True, False, True)
    return softmax_loss(m, picked(x, m.batch["sources"]), m["item"])


def bert4rec(m):
    items, width = m["item"], m.options["hiddenSize"]
    history = m.batch["cloze.history"]
    hidden = torch.zeros(history.shape).masked_fill(history == 0, HIDDEN)[:, None, None]
    x = picked(encode(m, m.rows(items[:, :width], history), hidden), m.batch["cloze.sources"])
    users = m.norm("output.norm", F.gelu(m.affine("output", x)))
    scores = users @ items[1:, :width].T + items[1:, width]
    losses = F.cross_entropy(scores, (m.batch["cloze.targets"] - 1).clamp(min=0), reduction="none")
    return (losses * m.batch["cloze.weights"]).sum()


def fdsa(m):
    history = m.batch["history"]
    names = sorted(name.removeprefix("field.") for name in m.learned if name.startswith("field."))
    fields = [m.rows(f"field.{name}", m[f"item.field.{name}"][history]) for name in names]
    each = torch.stack([*fields, F.relu(projected(m, "text", history))], 2)
    scores = m.affine("features.outer", F.relu(m.affine("features.inner", each)))
    features = (torch.softmax(scores, 2) * each).sum(2)
    item = at_targets(m, m.rows("item", history), prefix="item.", entry="")
    feature = at_targets(m, features, prefix="feature.", entry="")
    users = m.drop(m.norm("norm", m.affine("output", torch.cat([item, feature], 1))), m.options["dropout"])
    return softmax_loss(m, users, m["item"])


def sasrecf(m):
    table = m["item"] + sum(projected(m, name) for name in MODALITIES)
    return softmax_loss(m, at_targets(m, m.rows(table, m.batch["history"])), table)


def sasrec_bf(m):
    table = m["item"] + m.rows("field.category", m["item.field.category"]) + sum(projected(m, name) for name in MODALITIES)
    x = m.rows(table, m.batch["history"]) + m.rows("behavior", m.batch["behavior"])
    return softmax_loss(m, at_targets(m, x), table)


def adapted(m, name, ids=None):
    """A mixture of experts over whitened vectors, expert by expert."""
    o, a = m.options, known(m, f"item.{name}", ids)
    dropped = m.drop(a, o["adaptorDropout"])
    logits = a @ m[f"{name}.gate"]
    logits = logits + m.normal(logits.shape) * (F.softplus(a @ m[f"{name}.gate.noise"]) + 0.01)
    weights, centers = m[f"{name}.experts.weight"], m[f"{name}.experts.center"]
    experts = torch.stack([(dropped - centers[k]) @ weights[k] for k in range(o["experts"])], 1)
    mixed = (torch.softmax(logits, 1)[..., None] * experts).sum(1)
    lacks = 1 - (m[f"item.{name}.present"] if ids is None else m[f"item.{name}.present"][ids])
    return mixed + lacks[:, None] * m[f"{name}.missing"]


def unisrec(m):
    o, history = m.options, m.batch["history"]
    names = [name for name in MODALITIES if f"{name}.gate" in m]

    def content(ids=None):
        adapters = sum(adapted(m, name, ids) for name in names)
        return adapters + known(m, "item", ids) if o["withId"] else adapters

    events = content(history.flatten()).view(*history.shape, -1)
    users = F.normalize(at_targets(m, events), dim=1) / o["temperature"]
    return softmax_loss(m, users, F.normalize(content(), dim=1))


def elu1(x):
    return F.elu(x) + 1


def stosa(m):
    o, history = m.options, m.batch["history"]
    rows, length = history.shape
    width, heads = o["hiddenSize"], o["heads"]
    m.epsilon = 1e-12
    activate = {"mean": F.elu, "covariance": elu1}
    positive = {"mean": lambda x: x, "covariance": elu1}
    sides = ("mean", "covariance")
    count = (history > 0).sum(1, keepdim=True)
    places = o["maxLength"] - 1 - (count - 1 - torch.arange(length)).clamp(min=0)

    def begun(side):
        x = m.rows(f"item.{side}", history) + m.rows(f"position.{side}", places)
        return activate[side](m.drop(m.norm("norm", x), o["dropout"]))

    def point(mean, covariance):
        return torch.cat([mean, (covariance + 1e-24).sqrt()], -1)

    x = {side: begun(side) for side in sides}
    for layer in range(o["layers"]):
        name = f"block{layer}"

        def split(side, part):
            y = positive[side](m.affine(f"{name}.{side}.{part}", x[side]))
            return y.view(rows, length, heads, width // heads).transpose(1, 2)

        q, k = (point(*(split(side, part) for side in sides)) for part in ("query", "key"))
        distances = q.square().sum(-1, keepdim=True) + k.square().sum(-1)[:, :, None] - 2 * q @ k.transpose(-1, -2)
        weights = torch.softmax(-distances / math.sqrt(width // heads) + causal(length), -1)
        weights = m.drop(weights, o["attentionDropout"])
        fed = {}
        for side, p in (("mean", weights), ("covariance", weights.square())):
            z = (p @ split(side, "value")).transpose(1, 2).reshape(rows, length, width)
            h = m.norm(f"{name}.norm", x[side] + m.drop(m.affine(f"{name}.{side}.output", z), o["dropout"]))
            inner = m.affine(f"{name}.{side}.feed.outer", F.elu(m.affine(f"{name}.{side}.feed.inner", h)))
            fed[side] = positive[side](m.norm(f"{name}.{side}.feed.norm", h + m.drop(inner, o["dropout"])))
        x = fed
    user = picked(point(x["mean"], x["covariance"]), m.batch["sources"])

    def items(ids):
        return point(m.rows("item.mean", ids), elu1(m.rows("item.covariance", ids)))

    positives, negatives = items(m.batch["targets"]), items(m.batch["negatives"][:, 0])
    near, far, apart = ((a - b).square().sum(1) for a, b in ((user, positives), (user, negatives), (positives, negatives)))
    return (m.batch["weights"] * (F.softplus(near - far) + o["lambdaPvn"] * F.relu(near - apart))).sum()


def mixed(m, name, x, mask):
    """Across places, then across channels."""
    rate = m.options["dropout"]
    seen = m.norm(f"{name}.tokens.norm", x) * mask
    inner = m.drop(F.gelu(m.affine(f"{name}.tokens.in", seen.transpose(1, 2))), rate)
    x = x + m.drop(m.affine(f"{name}.tokens.out", inner), rate).transpose(1, 2)
    inner = m.drop(F.gelu(m.affine(f"{name}.channels.in", m.norm(f"{name}.channels.norm", x))), rate)
    return x + m.drop(m.affine(f"{name}.channels.out", inner), rate)


def mmmlp(m):
    o, history = m.options, m.batch["history"]
    mask = (history > 0).float()[..., None]
    ids = m.norm("norm", m.rows("item", history))
    for layer in range(o["layers"]):
        ids = mixed(m, "id" if o["sharedLayers"] else f"id.layer{layer}", ids, mask)
    streams = {name: mixed(m, name, m.norm(f"{name}.norm", projected(m, name, history)), mask) for name in MODALITIES}
    joined = torch.cat([ids, streams["text"], streams["image"]], 2)
    if o["fusion"] == "mixer":
        joined = mixed(m, "fusion", joined, mask)
    users = m.norm("norm", m.affine("fusion", m.norm("fusion.norm", picked(joined, m.batch["sources"]))))
    table = m["item"] + sum(projected(m, name) for name in MODALITIES) if o["head"] == "tied" else m["item"]
    return softmax_loss(m, users, table)


def info_nce(anchors, positives, same, weights, temperature):
    cosines = F.normalize(anchors, dim=1) @ F.normalize(positives, dim=1).T / temperature
    others = ~same & (weights > 0)
    others.fill_diagonal_(True)
    losses = F.cross_entropy(cosines.masked_fill(~others, HIDDEN), torch.arange(len(anchors)), reduction="none")
    return (weights * losses).sum()


def hm4sr(m):
    o, history = m.options, m.batch["history"]
    streams, width = ("id", "text", "image"), m.options["hiddenSize"]
    tables = {"id": m["item"], **{name: projected(m, name) for name in streams[1:]}}
    own = {name: m.rows(table, history) for name, table in tables.items()}
    x = {name: own[name] + m["position"][: history.shape[1]] for name in streams}
    whole = torch.cat([x[name] for name in streams], -1)
    outputs = [m.affine(f"interact.expert{k}", whole).split(width, -1) for k in range(o["experts"])]
    each = {}
    for at, name in enumerate(streams):
        gate = torch.softmax(m.affine(f"interact.gate.{name}", x[name]), -1)
        each[name] = x[name] + m["interact.weight"][at] * sum(gate[..., k : k + 1] * outputs[k][at] for k in range(o["experts"]))
    gaps = torch.minimum(m.batch["gap"], m["time.longest"])
    buckets = (o["intervalScale"] * torch.log2(gaps + 1)).long()
    days = (m.batch["date"] - m["time.first"]) * (history > 0)
    phases = (days[..., None] * m["time.scale"] + m["time.shift"]) / 10000 ** (torch.arange(width) / width)
    moments = torch.cat([m.rows("time.gap", buckets), torch.cos(phases)], -1)
    chosen = (torch.softmax(m.affine("time.gate", moments), -1) @ m["time.expert"]).split(width, -1)
    each = {name: each[name] * part for name, part in zip(streams, chosen)}
    states = {name: at_targets(m, each[name], prefix=f"{name}.", positions=None) for name in streams}
    loss = softmax_loss(m, torch.cat([states[name] for name in streams], 1), torch.cat([tables[name] for name in streams], 1))
    last, weights = m.batch["lastTargets.item"], m.batch["lastTargets.weight"]
    same = last[:, None] == last
    ends = {name: states[name][m.batch["lastTargets"]] for name in streams}
    drawn = (m.batch["drawnPlaces"] > 0)[..., None]
    changed = 0
    for name in streams[1:]:
        replaced = torch.where(drawn, m.affine(f"placeholder.{name}", moments), each[name])
        other = encode(m, replaced, causal(history.shape[1]), prefix=f"{name}.", positions=None, last=m.batch["lastTargets.event"])
        changed = changed + info_nce(ends[name], other, same, weights, o["placeholderTemperature"]) / 2
    ids = info_nce(ends["id"], m.rows("item", last), same, weights, o["temperature"])
    fields = sorted(name for name in m.learned if name.startswith("item.field."))
    labels = torch.cat([F.one_hot(m[name][history], int(m[name].max()) + 1)[..., 1:] for name in fields], -1).float()
    logits = m.affine("category", torch.cat([own[name] for name in streams], -1))
    there = (history > 0).float()
    categories = (F.binary_cross_entropy_with_logits(logits, labels, reduction="none").mean(2) * there).sum() / there.sum()
    return loss + o["lambdaId"] * ids + o["lambdaCategory"] * categories + o["lambdaPlaceholder"] * changed


def missrec(m):
    o, history = m.options, m.batch["history"]
    m.epsilon = 1e-5
    tables = {name: projected(m, name) for name in MODALITIES}
    drop, heads = o["dropout"], o["heads"]
    there = torch.cat([history > 0] * 2, 1)
    cluster = torch.cat([m[f"cluster.{name}"][history] for name in MODALITIES], 1)
    center = torch.cat([F.embedding(history, m[f"interest.{name}"]) for name in MODALITIES], 1)
    first = there & ~torch.tril(cluster[:, :, None] == cluster[:, None], -1).any(2)
    own, other = (torch.zeros(seen.shape).masked_fill(~seen, HIDDEN)[:, None, None] for seen in (history > 0, first))
    memory = m.norm("encoder.norm", block(m, "encoder", center, other, heads, drop))
    count = first.sum(1, keepdim=True).clamp(min=1)
    mean = (memory * first[..., None]).sum(1) / count
    closeness = mean.square().sum() / mean.shape[1] / first.any(1).sum().clamp(min=1)
    x = sum(m.rows(table, history) for table in tables.values()) + m.rows("item", history) + m["position"][: history.shape[1]]
    x = m.drop(m.norm("norm", x), drop)
    x = m.norm("decoder.norm1", x + m.drop(m.attend("decoder.self", x, x, heads, own, drop), drop))
    x = m.norm("decoder.norm2", x + m.drop(m.attend("decoder.cross", x, memory, heads, other, drop), drop))
    x = m.norm("decoder.norm3", x + m.drop(m.affine("decoder.outer", F.gelu(m.affine("decoder.inner", x))), drop))
    users = F.normalize(picked(m.norm("decoder.norm", x), m.batch["sources"]), dim=1)
    image, text, ids = (users @ F.normalize(table, dim=1).T for table in (*tables.values(), m["item"]))
    shares = torch.softmax(m["fusion"] * torch.stack([image, text], -1), -1)
    scores = (2 * (shares[..., 0] * image + shares[..., 1] * text) + ids) / 3 / o["temperature"]
    losses = F.cross_entropy(scores[:, 1:], (m.batch["targets"] - 1).clamp(min=0), reduction="none")
    return (losses * m.batch["weights"]).sum() + o["gamma"] * closeness


def mmsbr(m):
    """Without prices, which the data have not."""
    o, history = m.options, m.batch["history"]
    names, drop, width = ("text", "image"), o["dropout"], o["hiddenSize"]
    tables = {name: projected(m, name) for name in names}

    def tokens(name):
        hidden = m.drop(torch.tanh(m.affine(f"{name}.in", tables[name])), drop).view(-1, o["tokens"], width).transpose(0, 1)
        return m.drop(torch.tanh(torch.baddbmm(m[f"{name}.out.bias"], hidden, m[f"{name}.out.weight"])), drop).transpose(0, 1)

    def round_of(name, x, memory):
        x = m.norm(f"{name}.norm", x + m.drop(m.attend(f"{name}.attention", x, memory, o["heads"]), drop))
        inner = F.relu(m.affine(f"{name}.feedForward.inner", x))
        return m.norm(f"{name}.norm", x + m.drop(m.affine(f"{name}.feedForward.outer", inner), drop))

    now, count = {name: tokens(name) for name in names}, o["pivots"]
    pivots = m["pivot"].view(-1, count, width)
    rounds = o["layers"] // 2
    for at in range(rounds):
        for name in names:
            memory = torch.cat([pivots, now[name]], 1)
            # Nobody reads the tokens that the last round would make.
            read = round_of(f"round{at}.{name}", pivots if at == rounds - 1 else memory, memory)
            pivots = (read[:, :count] + pivots) / 2
            if at < rounds - 1:
                now[name] = read[:, count:] + now[name]
    x = m.drop(pivots.flatten(1), o["outerDropout"])
    for part in ("in", "out"):
        x = m.drop(F.relu(m.affine(f"item.{part}", x)), o["outerDropout"])
    there = (history > 0).float()[..., None]
    e = m.rows(x, history)
    mean = (e * there).sum(1, keepdim=True) / there.sum(1, keepdim=True).clamp(min=1)
    gates = m.affine("gate.score", torch.sigmoid(m.affine("gate.item", e) + m.affine("gate.mean", mean)))
    sessions = (gates * there * e).sum(1)
    # Each window has one target, at its last place.
    loss = softmax_loss(m, sessions[m.batch["sources"] // history.shape[1]], x)
    if o["withoutContrast"] or o["lambdaContrast"] == 0:
        return loss
    target, both = m.batch["targets"], m["pseudo.present"]
    counted = m.batch["weights"] * both[target]
    for name in names:
        made, anchors = m.affine(name, m[f"pseudo.{name}"]), m.rows(tables[name], target)
        nearest = (anchors @ made.T).masked_fill(both == 0, HIDDEN).topk(o["contrastItems"], 1).values
        apart = torch.logsumexp(nearest, 1) - (anchors * m.rows(made, target)).sum(1)
        loss = loss + o["lambdaContrast"] * (apart * counted).sum() / counted.sum() / math.log(10)
    return loss


def iisan_last(m):
    """One tap, gates, the softmax over the catalog."""

    def gate(name):
        return torch.sigmoid(m[f"{name}.gate"] / m.options["gateTemperature"])

    def behind(name, x):
        x = x + m.affine(f"{name}.tap0.up", F.relu(m.affine(f"{name}.tap0.down", x)))
        return m.affine(f"{name}.out", m.affine(f"{name}.full", x))

    sides = []
    for name in MODALITIES:
        lacks = 1 - m[f"item.{name}.present"]
        sides.append(behind(name, gate(f"{name}.tap0") * m[f"item.{name}"]) + lacks[:, None] * m[f"{name}.missing"])
    share = gate("across.tap0")
    sides.append(behind("across", share * m["item.image"] + (1 - share) * m["item.text"]))
    table = m.affine("join", torch.cat(sides, 1))
    return softmax_loss(m, at_targets(m, m.rows(table, m.batch["history"]), activation=F.relu), table)


def m3srec(m):
    """The fine-tuning; experts side by side in one product."""
    o, history = m.options, m.batch["history"]
    length, width, drop = history.shape[1], o["hiddenSize"], o["dropout"]
    tables = [m["item"], *(projected(m, name) for name in MODALITIES)]
    names = ("id", *MODALITIES)
    tokens = [m.rows(table, history) + m["position"][:length] + m["modality"][at] for at, table in enumerate(tables)]
    x = m.drop(m.norm("norm", torch.cat(tokens, 1)), drop)
    hidden = causal(length).repeat(3, 3)
    there = (history > 0).float()
    balances = []

    def mixture(name, x):
        gates = torch.softmax(m.affine(f"{name}.gate", x), -1)
        inner = F.gelu(m.affine(f"{name}.in", x)).view(*x.shape[:2], -1, 4 * width) * gates[..., None]
        outer = inner.flatten(2) @ m[f"{name}.out.weight"] + gates @ m[f"{name}.out.bias"]
        weight = there.repeat(1, x.shape[1] // length)[..., None]
        weight = weight / weight.sum()
        chosen = F.one_hot(gates.argmax(-1), gates.shape[-1]).float()
        balances.append(gates.shape[-1] * ((chosen * weight).sum((0, 1)) * (gates * weight).sum((0, 1))).sum())
        return m.norm(f"{name}.norm", x + m.drop(outer, drop))

    for layer in range(o["specificLayers"] + o["crossLayers"]):
        name = f"layer{layer}"
        x = m.norm(f"{name}.norm", x + m.drop(m.attend(f"{name}.attention", x, x, o["heads"], hidden, drop), drop))
        if layer < o["specificLayers"]:
            x = torch.cat([mixture(f"{name}.{group}", part) for group, part in zip(names, x.split(length, 1))], 1)
        else:
            x = mixture(f"{name}.all", x)
    states = torch.stack([picked(part, m.batch["sources"]) for part in x.split(length, 1)], 1)
    shares = torch.softmax(torch.tanh(states @ m["pool.weight"]) @ m["pool.score"], 1)
    return softmax_loss(m, (shares * states).sum(1), sum(tables)) + o["lambdaBalance"] * sum(balances) / len(balances)


forms = {
    "sasrec": sasrec, "gru4rec": gru4rec, "bert4rec": bert4rec, "fdsa": fdsa, "sasrecf": sasrecf, "sasrec-bf": sasrec_bf, "unisrec": unisrec, "stosa": stosa,
    "mmmlp": mmmlp, "hm4sr": hm4sr, "missrec": missrec, "mmsbr": mmsbr, "iisan-last": iisan_last, "m3srec": m3srec, "cmclrec: backbone": sasrec,
}

"""The models of the next item that read graphs of items and users, in plain PyTorch; see torch_sequence_forms.py. A graph is a sparse matrix by rows."""

import math

import torch
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from torch_sequence_forms import HIDDEN, block, causal, encode, softmax_loss

MODALITIES = ("image", "text")


def interests(m, name, start, memories, states):
    """Of SGP4SR: the centers of a modality follow the history up to each place, and each place chooses among them, [B, L, D]."""
    o, (rows, length, width) = m.options, states.shape
    heads, count = o["heads"], o["centers"]
    ahead = torch.triu(torch.full((length, length), HIDDEN), 1).repeat_interleave(count, 0)

    def split(x):
        return x.view(len(x), -1, heads, width // heads).transpose(1, 2)

    centers = m.norm(f"stream.{name}.norm", start).repeat(length, 1).expand(rows, -1, -1)
    for layer, memory in enumerate(memories):
        matrices = (m[f"stream.{name}.block{layer}.attention.{part}.weight"] for part in ("query", "key", "value"))
        q, k, v = (split(x @ matrix) for x, matrix in zip((centers, memory, memory), matrices))
        found = F.scaled_dot_product_attention(q, k, v, attn_mask=ahead).transpose(1, 2).flatten(2)
        at = f"centers.{name}.layer{layer}"
        inner = found @ m[f"{at}.output"] @ m[f"{at}.inner"] + m[f"{at}.inner.bias"]
        attended = torch.sigmoid(inner @ m[f"{at}.outer"] + m[f"{at}.outer.bias"])
        centers = F.layer_norm(centers + attended, (width,))
    offered = centers.view(rows, length, count, width)
    nearness = (offered @ states[..., None])[..., 0]
    weights = torch.softmax((nearness + m.gumbel(nearness.shape)) / o["temperature"], -1)
    return (weights[..., None, :] @ offered)[..., 0, :]


def sgp4sr(m):
    o, history = m.options, m.batch["history"]
    items, length = m["item"], history.shape[1]
    hidden, scale = causal(length), math.sqrt(o["hiddenSize"])
    rhos = {"image": o["rho"], "text": 1 - o["rho"]}

    def stream(name):
        table = torch.sparse.mm(m.sparse(f"graph.{name}.forward", len(items)), items)
        x = scale * m.rows(table, history) + m["position"][:length]
        states = [m.drop(m.norm(f"stream.{name}.norm", x), o["dropout"])]
        for layer in range(o["layers"]):
            states.append(block(m, f"stream.{name}.block{layer}", states[-1], hidden, o["heads"], o["dropout"]))
        return table, states

    def at_targets(x):
        return F.embedding(m.batch["places"], x.flatten(0, 1))

    fused, loss = 0, 0
    for name in MODALITIES:
        table, states = stream(name)
        fused = fused + rhos[name] * states[-1]
        chosen = interests(m, name, m[f"centers.{name}"] @ table, states[:-1], states[-1])
        alpha = o.get("alphaText", o["alpha"]) if name == "text" else o["alpha"]
        loss = loss + rhos[name] * softmax_loss(m, at_targets(states[-1] + alpha * chosen), table)
    _, states = stream("id")
    return loss + softmax_loss(m, at_targets(fused + states[-1]), items)


def related(m):
    """Of SSDRec: items, and the users of a batch, as the relation graphs have them."""
    items, users = m["item"], m["user"]
    width, drop, own = m.options["hiddenSize"], m.options["dropout"], m.rows(users, m.batch["userIndex"])

    def read(name, table):
        return torch.sparse.mm(m.sparse(f"{name}.forward", len(table)), table)

    def mixed(kind, near, own):
        weight = m[f"graph.{kind}.mix.weight"]
        return m.drop(weight[0] * near + weight[1] * own + m[f"graph.{kind}.mix.bias"], drop)

    def gathered(kind, crossed, near, far):
        sides = torch.cat([crossed, (near + far) / 2], 1)
        return torch.sigmoid(sides @ m[f"graph.{kind}.both"] @ m[f"graph.{kind}.inner"]) @ m[f"graph.{kind}.outer"]

    sides = {name: read(f"items.{name}", items) for name in ("earlier", "later")}
    scores = [F.leaky_relu((items * side) @ m[f"graph.items.{name}"], 0.2).sum(1) / math.sqrt(width) for name, side in sides.items()]
    shares = torch.softmax(torch.stack(scores, 1), 1)
    near = shares[:, :1] * sides["earlier"] + shares[:, 1:] * sides["later"]
    near, far = (mixed("items", side, items) for side in (near, read("items.incompatible", items)))
    of_items = gathered("items", read("items.readers", users), near, far)

    def neighbors(name):
        ids, weights = (m[f"users.{name}.{part}"][m.batch["userIndex"]] for part in ("ids", "weights"))
        return (weights[:, None] @ F.embedding(ids, users))[:, 0]

    near, far = (mixed("users", neighbors(name), own) for name in ("similar", "incompatible"))
    return of_items, gathered("users", read("users.items", items)[m.batch["userIndex"]], near, far)


def lstm_weights(m, name):
    """As PyTorch has them: gates in the order i, f, g, o, and two biases."""

    def ordered(part):
        i, f, o, g = m[f"{name}.{part}"].chunk(4, -1)
        return torch.cat([i, f, g, o], -1)

    matrices = [ordered(f"{part}.weight").T.contiguous() for part in ("input", "hidden")]
    if f"{name}.input.bias" not in m:
        return matrices
    bias = ordered("input.bias")
    return [*matrices, bias, torch.zeros_like(bias)]


def lstm(m, name, x):
    """The states of one direction; steps of zeros leave a state of zeros as it is, since there is no bias."""
    begin = torch.zeros(1, len(x), x.shape[2])
    return torch.lstm(x, (begin, begin), lstm_weights(m, name), False, 1, 0.0, True, False, True)[0]


def around(x, count, ends=None):
    """What stands before and behind each place of a history."""
    start, end = torch.zeros(2, x.shape[2]) if ends is None else ends
    before = torch.cat([start.expand(len(x), 1, -1), x[:, :-1]], 1)
    behind = torch.cat([x[:, 1:], torch.zeros(len(x), 1, x.shape[2])], 1)
    at_end = (torch.arange(x.shape[1]) == count[:, None] - 1)[..., None]
    return before, behind + at_end * end


def states_around(m, before, behind):
    return lstm(m, "places.rnn.forward", before), lstm(m, "places.rnn.backward", behind.flip(1)).flip(1)


def fit_of(x, before, behind, there):
    clamped = x.clamp(-1, 1)
    by_order = (x * before * behind).sum(2)
    by_items = (clamped * (clamped.sum(1, keepdim=True) - clamped)).sum(2)
    return math.prod(torch.softmax(scores.masked_fill(~there, HIDDEN), 1) for scores in (by_order, by_items))


def choose(m, logits):
    """The place of the largest of logits + Gumbel, and 1 there with the gradient of the softmax."""
    drawn = logits + m.gumbel(logits.shape)
    soft = torch.softmax(drawn / m["scheduled.temperature"], -1)
    place = drawn.argmax(-1)
    return place, F.one_hot(place, logits.shape[-1]) + soft - soft.detach()


def inserted(m, x, items, count, vectors):
    """Two items around the place that fits least, where there is room; one of the three may go again: x, items, presence, each by place."""
    length, most = x.shape[1], m.options["maxLength"]
    offered = m.batch["drawnItems"]
    ends, candidates = (m["places.start"], m["places.end"]), vectors[offered]

    def misfit(fit, there):
        return choose(m, ((1 - fit) * m.options["placeScale"]).masked_fill(~there, HIDDEN))

    there = torch.arange(length) < count[:, None]
    closed, opened = around(x, count, ends), around(x, count)
    states = states_around(m, *(torch.cat(both) for both in zip(closed, opened)))
    (before, left), (behind, right) = (both.chunk(2) for both in states)
    place, chosen = misfit(fit_of(x, before, behind, there), there)
    more = [choose(m, (chosen[:, None] @ side)[:, 0] @ candidates.T) for side in (left, right)]
    grows = count <= most - 2
    keys = [torch.arange(length).expand(len(x), -1), *(torch.where(grows, place + side, length + 1)[:, None] for side in (-0.5, 0.5))]
    order = torch.cat(keys, 1).argsort(dim=1, stable=True)[:, : min(length + 2, most)]
    count = count + 2 * grows
    there = torch.arange(order.shape[1]) < count[:, None]
    x = torch.cat([x, *((hard @ candidates)[:, None] for _, hard in more)], 1).gather(1, order[..., None].expand(-1, -1, x.shape[2]))
    x = x * there[..., None]
    items = torch.cat([items, *(offered[at][:, None] for at, _ in more)], 1).gather(1, order) * there
    _, again = misfit(fit_of(x, *states_around(m, *around(x, count, ends)), there), there)
    away = torch.arange(order.shape[1]) - place[:, None]
    stays = 1 - again * ((away >= 0) & (away <= 2) & grows[:, None])
    return x * stays[..., None], items, there * stays


def to_front(x, there):
    """Places that are there, moved together, and where each came from."""
    order = (~there).int().argsort(dim=1, stable=True)
    return x.gather(1, order[..., None].expand(-1, -1, x.shape[2])), order


def reconstructed(m, x, there):
    """A bi-LSTM over the places that are there, its directions added."""
    moved, order = to_front(x, there)
    packed = pack_padded_sequence(moved, there.sum(1).clamp(min=1), batch_first=True, enforce_sorted=False)
    weights = [weight for side in ("forward", "backward") for weight in lstm_weights(m, f"denoise.rnn.{side}")]
    begin = torch.zeros(2, len(x), x.shape[2])
    states, *_ = torch.lstm(packed.data, packed.batch_sizes, (begin, begin), weights, True, 1, 0.0, True, True)
    states, _ = pad_packed_sequence(packed._replace(data=states), batch_first=True, total_length=x.shape[1])
    back = order.argsort(1)[..., None].expand(-1, -1, x.shape[2])
    return sum(states.chunk(2, 2)).gather(1, back) * there[..., None]


def ssdrec(m):
    o, history = m.options, m.batch["history"]
    items, last, targets = m["item"], m.batch["lastTargets"], m.batch["lastTargets.item"]
    vectors, users = related(m)
    count = (history > 0).sum(1)
    x = (m.rows(vectors, history) + (users / count.clamp(min=1)[:, None])[:, None]) * (history > 0)[..., None]
    x, ids, present = inserted(m, x, history, count, vectors)
    there, length = present.detach() > 0.5, x.shape[1]
    raw = m.rows(items, ids) * present[..., None]
    again = reconstructed(m, reconstructed(m, m.drop(raw, o["embeddingDropout"]), there), there)
    reconstruction = (again - raw).square().sum((1, 2)) / there.sum(1).clamp(min=1)
    pair = m["denoise.pair.weight"][:, :length, :length]
    mixed = pair[0] @ again + pair[1] @ raw + m["denoise.pair.bias"][:length, None]
    by_order = torch.sigmoid(F.relu(m.drop(mixed, o["embeddingDropout"])) @ m["denoise.place"])
    event = m.drop(m.norm("denoise.readout.norm", x), o["readoutDropout"]) @ m["denoise.readout.event"]
    asked = m.affine("denoise.readout.next", m.rows(items, targets))[:, None]
    by_item = torch.sigmoid(torch.tanh(event + asked) @ m["denoise.readout.choice"])
    noisy = [choose(m, signals)[1][..., 1] for signals in (by_order, by_item)]
    stays = present * (1 - noisy[0] * noisy[1])
    kept, _ = to_front(m.rows(items, ids) * stays[..., None], stays.detach() > 0.5)
    user = encode(m, kept, causal(length), last=((stays.detach() > 0.5).sum(1) - 1).clamp(min=0))
    weights, share = m.batch["weights"][last], m["scheduled.dropShare"]
    worse = reconstruction.detach().masked_fill(weights == 0, -1).argsort(descending=True).argsort()
    easy = weights * (worse >= ((weights > 0).sum() * share + 1e-4).floor())
    easy = easy / easy.sum()
    losses = F.cross_entropy(user @ items[1:].T, (targets - 1).clamp(min=0), reduction="none")
    likes = m.rows("user", m.batch["userIndex"])
    against = (likes * m.rows(items, m.batch["negatives"][last, 0])).sum(1, keepdim=True)
    each = F.softplus(against - (m.rows(items, history) @ likes[..., None])[..., 0])
    harder = each.detach().masked_fill(history == 0, -1).argsort(1, descending=True).argsort(1)
    counted = (history > 0) & (harder >= (count[:, None] * (o["dropShare"] - share) + 1e-4).floor())
    preference = (weights * (each * counted).sum(1)).sum()
    return (easy * losses).sum() + o["lambdaReconstruction"] * (easy * reconstruction).sum() + o["lambdaPreference"] * preference


forms = {"sgp4sr": sgp4sr, "ssdrec": ssdrec}
# The length down to which gradients are scaled, where a model does so.
longest_gradient = {"ssdrec": 5.0}

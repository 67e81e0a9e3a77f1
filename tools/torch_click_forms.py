"""The models of clicks that read ids and fields in plain PyTorch, each a function of a step's arrays that gives its loss, for torch_steps.py; and what those
of pictures and texts, in torch_multi_modal_click_forms.py, have of them.

Layers, parameters and losses are those of the models in this repository at their options, on data of one behavior without numbers, with whole batches and
without loops over rows. What hangs on an item alone is made once for the whole catalog and looked up, as ours is. The rest is as it is printed: DIN's unit
reads [h, t, h - t, h * t] side by side, attention projects queries, keys and values, a search gathers what it finds, and Diff-MSIN's synergy takes its
steps one after the other. The noise of the first step is read in the order in which ours reads it.
"""

import math
from functools import lru_cache

import torch
from torch.nn import functional as F

HIDDEN = -1e9


def field_names(m, of="item"):
    names = [name.removeprefix(f"field.{of}.") for name in m.learned if name.startswith(f"field.{of}.")]
    return ["id", *sorted(name for name in names if name != "id")]


def fields(m, of, indices):
    """A row for each categorical field, [.., width] each."""
    known = m[f"{of}.fields"][indices]
    return [m.rows(f"field.{of}.{name}", known[..., at]) for at, name in enumerate(field_names(m, of))]


def item_row(m, ids):
    return m["item.fields"][ids, 0]


def ids_of(m, ids):
    return torch.cat(fields(m, "item", ids), -1)


def mask(m):
    return (m.batch["history"] > 0).float()


def mean(m, events):
    there = mask(m)
    return (there[:, None] @ events)[:, 0] / there.sum(1, keepdim=True).clamp(min=1)


def projected(m, name, prefix=""):
    """The vectors of all items, projected."""
    lacks = 1 - m[f"item.{name}.present"]
    return m.affine(prefix + name, m[f"item.{name}"]) + lacks[:, None] * m[f"{prefix}{name}.missing"]


MODALITIES = ("image", "text")


def every_id(m):
    """The ids and fields of all items, side by side."""
    return torch.cat([m.rows(f"field.item.{name}", m["item.fields"][:, at]) for at, name in enumerate(field_names(m))], -1)


def item_vectors(m):
    return [m.affine("id", every_id(m)), *(projected(m, name) for name in MODALITIES)]


def clicks(m, logits):
    return F.binary_cross_entropy_with_logits(logits, m.batch["label"], m.batch["weight"], reduction="sum")


def output(m, *parts):
    user = torch.cat(fields(m, "user", m.batch["user"]), -1)
    return m.mlp("output", torch.cat([*parts, user], 1), m.options.get("dropout", 0))[:, 0]


def unit(m, name, h, t, there):
    """DIN's: weights [B, L], 0 where there is no event."""
    wide = t[:, None].expand_as(h)
    x = m.activated(f"{name}.first", m.affine(f"{name}.first", torch.cat([h, wide, h - wide, h * wide], -1)))
    return m.mlp(f"{name}.rest", x)[..., 0] * there if f"{name}.rest.1.weight" in m else m.affine(f"{name}.rest.0", x)[..., 0] * there


def interest(m, name, h, t):
    weights = unit(m, f"{name}.unit", h, t, mask(m))
    return (weights[:, None] @ h)[:, 0]


def lr(m):
    rows = [*fields(m, "user", m.batch["user"]), mean(m, m.rows("field.history", item_row(m, m.batch["history"])))]
    return clicks(m, sum([*rows, *fields(m, "item", m.batch["item"])])[:, 0] + m["bias"])


def machine(rows):
    """Pairs in linear time, as factorization machines are written."""
    every = torch.stack(rows, 1)
    vectors = every[..., 1:]
    return every[..., 0].sum(1) + 0.5 * (vectors.sum(1).square() - vectors.square().sum(1)).sum(1)


def all_fields(m, history):
    users = [*fields(m, "user", m.batch["user"]), mean(m, m.rows(history, item_row(m, m.batch["history"])))]
    return [*users, *fields(m, "item", m.batch["item"])]


def fm(m):
    return clicks(m, machine(all_fields(m, "field.history")) + m["bias"])


def deepfm(m):
    rows = all_fields(m, "field.item.id")
    deep = m.mlp("deep", torch.cat([row[:, 1:] for row in rows], 1), m.options["dropout"])[:, 0]
    return clicks(m, machine(rows) + deep)


def youtube_net(m):
    past = mean(m, ids_of(m, m.batch["history"]))
    user = torch.cat(fields(m, "user", m.batch["user"]), -1)
    return clicks(m, m.mlp("output", torch.cat([past, user, ids_of(m, m.batch["item"])], 1), m.options["dropout"])[:, 0])


def ids_read(m):
    return ids_of(m, m.batch["history"]), ids_of(m, m.batch["item"])


def din(m):
    h, t = ids_read(m)
    return clicks(m, output(m, interest(m, "interest", h, t), t))


def hiding(there):
    return torch.zeros(there.shape).masked_fill(there == 0, HIDDEN)


def last(m, count):
    """The last events of each history, and whether they are there."""
    there = mask(m)
    ends = there.sum(1, keepdim=True).long()
    places = ends - 1 - torch.arange(count)
    return places.clamp(min=0), (places >= 0).float()


def gathered(h, places):
    return h.gather(1, places[..., None].expand(-1, -1, h.shape[2]))


def one_query(m, name, query, memory, there, bias=None):
    """The candidate attends to events that are there; nothing is found where there is none."""
    hidden = hiding(there)[:, None, None]
    if bias is not None:
        hidden = hidden + (memory @ m[bias].T).transpose(1, 2)[:, :, None]
    found = m.attend(name, query[:, None], memory, m.options["heads"], hidden)[:, 0]
    return found * (there.sum(1, keepdim=True) > 0)


def best(m, scores, count):
    """The places of the largest scores, and whether there are events."""
    there = mask(m)
    places = scores.masked_fill(there == 0, -math.inf).topk(min(count, scores.shape[1]), 1).indices
    return places, there.gather(1, places)


def dpn(m):
    o, (h, t) = m.options, ids_read(m)
    weights = unit(m, "interest.unit", h, t, mask(m))
    seen = m.drop(torch.ones(len(h), 1, h.shape[1]), o["patternNoise"])
    at = torch.arange(h.shape[1])
    leads = ((at < at[:, None]) & (at > at[:, None] - o["patternLength"])).float() * seen

    def refine(query, memory, keep):
        keep = keep[:, None]
        z = m.norm("interest.refine.norm1", query + m.attend("interest.refine.attention", query, memory, o["heads"], hiding(keep), keep=keep))
        return m.norm("interest.refine.norm2", z + m.affine("interest.refine.outer", F.relu(m.affine("interest.refine.inner", z))))

    recent, there = last(m, o["patternLength"] - 1)
    query = refine(t[:, None], gathered(h, recent), there[:, None] * seen.gather(2, recent[:, None]))
    places, there = best(m, weights.detach(), o["topItems"])
    found = one_query(m, "interest.patterns", query[:, 0], gathered(refine(h, h, leads), places), there)
    return clicks(m, output(m, (weights[:, None] @ h)[:, 0], found, t))


def recent(m, h, t):
    places, there = last(m, m.options["recentItems"])
    return one_query(m, "interest.short", t, gathered(h, places), there)


@lru_cache
def rotation(width, bits):
    return torch.randn(width, bits)


def eta(m):
    """Its rotation is its own, and so are the events that it finds."""
    h, t = ids_read(m)
    with torch.no_grad():
        codes = [torch.where(x @ rotation(x.shape[-1], m.options["hashBits"]) > 0, 1.0, -1.0) for x in (h, t)]
        likeness = (codes[0] @ codes[1][..., None])[..., 0]
    places, there = best(m, likeness, m.options["topItems"])
    return clicks(m, output(m, one_query(m, "interest.long", t, gathered(h, places), there), recent(m, h, t), t))


def twin(m):
    h, t = ids_read(m)
    heads, width = m.options["heads"], h.shape[2]
    name = "interest.attention"
    with torch.no_grad():
        q, k = (m.affine(f"{name}.{part}", x).view(len(h), -1, heads, width // heads).transpose(1, 2) for part, x in (("query", t), ("key", h)))
        scores = (q @ k.transpose(-1, -2))[:, :, 0] / math.sqrt(width // heads) + (h @ m[f"{name}.bias.weight"].T).transpose(1, 2)
    places, there = best(m, scores.mean(1), m.options["topItems"])
    found = one_query(m, name, t, gathered(h, places), there, f"{name}.bias.weight")
    return clicks(m, output(m, found, recent(m, h, t), t))


forms = {"lr": lr, "fm": fm, "deepfm": deepfm, "youtube-net": youtube_net, "din": din, "dpn": dpn, "eta": eta, "twin": twin}

"""A tiny HM4SR in PyTorch, straight from the equations: weights, inputs, users, losses and gradients for the parity test.

    "$PEER_PYTHON" tools/hm4sr_fixture.py test/fixtures/hm4sr.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

The model, without dropout. Three streams: id, the item's embedding; text and image, a W + b, and where it is missing, a row of zeros, a learned
vector besides; each plus the one table of positions. X is the three side by side. Experts: x_m + w_m sum_k softmax_k(linear_m(x_m)) o_k^m, o_k =
linear_k(X) in three parts. Time: t = [gap table[floor(SCALE log2(gap + 1))] ; cos((scale day + shift) / 10000^(j / d))], X times
softmax(linear(t)) @ q. Each stream: its own normalization, then causal post-norm blocks as in sasrec_fixture.py. u = the three states side by
side; an item's row is its three vectors side by side, without positions. Losses:
  main         the sum of weights times -log softmax(u . rows)[target], over the rows but row 0, the padding's
  ids          contrast of each target's id state with the target's embedding, cosines over 0.2
  categories   at every event, sigmoid(linear of the item's row) against one column a value of each field, 0 being none; a mean
  placeholders the same histories with text and image of the drawn places replaced by linear(t), before the normalization; contrast of each
               target's state with that of the changed history, cosines over 1, the mean of text and image
A contrast: -log of e^own / the sum over the batch's targets of e^(cosine / temperature), weighted as the targets are; another target of the same
item is left out.

The file, for `whole`, and for `timeless`, where there are no times: X times the mean of q, and placeholders are linear in the positions:
  config     batch B, length L, hidden d, heads, layers, items (rows of the table, row 0 being the padding), width (of texts and pictures), scale,
             and for each field its number of values, value 0 included
  inputs     by the names of the training graph's inputs; sources are the rows b * L + l that targets are read at; the last target only pads, and so
             does the last row
  parameters by the names that the model in this repository gives them; matrices multiply from the right, x @ W, W is [in, out]
  users      [targets, 3 d]: u
  table      [items, 3 d]: the items' rows
  parts      the four losses
  loss       their sum, weighted by 1, LAMBDA_ID, LAMBDA_CATEGORY and LAMBDA_PLACEHOLDER
  gradients  of the loss, by parameter name
"""

import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from blocks import Layers  # noqa: E402
from fixture import array, arrays, content, gradients, scalar, write  # noqa: E402

B, L, D, HEADS, LAYERS, ITEMS, WIDTH, EXPERTS, SCALE = 5, 5, 8, 2, 2, 10, 3, 2, 3
LAMBDA_ID, LAMBDA_CATEGORY, LAMBDA_PLACEHOLDER = 0.7, 0.6, 0.5
FIELDS = {"brand": 5, "category": 4}
STREAMS = ("id", "text", "image")
MISSING = {"text": (0, 4, 8), "image": (0, 3)}
# The last row only fills up; some targets are of one item.
HISTORIES = [[3, 1, 4, 1, 5], [2, 6, 8], [7, 9], [5, 2, 9, 3], []]
TARGETS = [[1, 4, 1, 5, 9], [6, 8, 3], [9, 9], [2, 9, 3, 1]]
READ = [(row, place) for row, targets in enumerate(TARGETS) for place in range(len(targets))]


class Hm4sr(Layers):
    def __init__(self, inputs, timed):
        super().__init__(linear=0.3)
        self.inputs, self.timed = inputs, timed
        self.declare("item", ITEMS, D)
        for modality in STREAMS[1:]:
            self.declare_linear(modality, WIDTH, D)
            self.declare(f"{modality}.missing", 1, D)
        self.declare("position", L, D)
        for expert in range(EXPERTS):
            self.declare_linear(f"interact.expert{expert}", 3 * D, 3 * D)
        for stream in STREAMS:
            self.declare_linear(f"interact.gate.{stream}", D, EXPERTS)
        self.declare("interact.weight", 3, 1, center=0.5)
        if timed:
            self.declare("time.gap", 32 * SCALE, D)
            self.declare("time.scale", D)
            self.declare("time.shift", D)
            self.declare_linear("time.gate", 2 * D, EXPERTS)
        self.declare("time.expert", EXPERTS, 3 * D)
        for stream in STREAMS:
            self.declare_norm(f"{stream}.norm", D)
            for layer in range(LAYERS):
                self.declare_block(f"{stream}.block{layer}", D)
        self.declare_linear("category", 3 * D, sum(size - 1 for size in FIELDS.values()))
        for modality in STREAMS[1:]:
            self.declare_linear(f"placeholder.{modality}", 2 * D if timed else D, D)

    def item_vectors(self):
        """Of every item, [items, d] a stream."""
        vectors = {"id": self["item"]}
        for modality in STREAMS[1:]:
            lacks = 1 - self.inputs[f"item.{modality}.present"][:, None]
            vectors[modality] = self.affine(modality, self.inputs[f"item.{modality}"]) + lacks * self[f"{modality}.missing"]
        return vectors

    def interacted(self, x):
        whole = torch.cat([x[stream] for stream in STREAMS], -1)
        outputs = [self.affine(f"interact.expert{expert}", whole).split(D, -1) for expert in range(EXPERTS)]
        mixed = {}
        for at, stream in enumerate(STREAMS):
            gate = torch.softmax(self.affine(f"interact.gate.{stream}", x[stream]), -1)
            borrowed = sum(gate[..., k : k + 1] * outputs[k][at] for k in range(EXPERTS))
            mixed[stream] = x[stream] + self["interact.weight"][at] * borrowed
        return mixed

    def moments(self):
        """t, [B, L, 2 d]."""
        gaps = self.inputs["gap"].clamp(max=self.inputs["time.longest"].item())
        buckets = torch.floor(SCALE * torch.log2(gaps + 1)).long()
        days = (self.inputs["date"] - self.inputs["time.first"]) * (self.inputs["history"] > 0)
        slower = 10000 ** (torch.arange(D) / D)
        phases = (days[..., None] * self["time.scale"] + self["time.shift"]) / slower
        return torch.cat([self["time.gap"][buckets], torch.cos(phases)], -1)

    def rescaled(self, x, t):
        chosen = torch.softmax(self.affine("time.gate", t), -1) @ self["time.expert"] if self.timed else self["time.expert"].mean(0)
        parts = chosen.split(D, -1)
        return {stream: x[stream] * parts[at] for at, stream in enumerate(STREAMS)}

    def encoded(self, stream, x):
        x = self.norm(f"{stream}.norm", x)
        for layer in range(LAYERS):
            x = self.block(f"{stream}.block{layer}", x, HEADS)
        return x


def contrast(anchors, positives, targets, weights, temperature):
    """A sum over targets, each with its weight."""
    cosines = F.cosine_similarity(anchors[:, None], positives[None], dim=-1) / temperature
    losses = []
    for row in range(len(targets)):
        seen = [other for other in range(len(targets)) if other == row or targets[other] != targets[row]]
        losses.append(torch.logsumexp(cosines[row, seen], 0) - cosines[row, row])
    return (torch.stack(losses) * weights).sum()


def catalog():
    inputs = {}
    for name, values in FIELDS.items():
        drawn = torch.cat([torch.arange(values), torch.randint(values, (ITEMS - 1 - values,))])[torch.randperm(ITEMS - 1)]
        inputs[f"item.field.{name}"] = torch.cat([torch.zeros(1, dtype=torch.int64), drawn])
    for modality in STREAMS[1:]:
        inputs |= content(modality, (ITEMS, WIDTH), MISSING[modality])
    return inputs


def of_time(lengths):
    gaps, dates = torch.zeros(B, L), torch.zeros(B, L)
    for row, length in enumerate(lengths):
        for at in range(length):
            gaps[row, at] = 0.0 if at == 0 else [40, 5000, 90000, 2500000][(row + at) % 4]
            # In quarters of a day, which float32 has exactly so far from 1970.
            dates[row, at] = 18000.25 + 7.75 * row + 0.5 * at * at
    # Longer gaps than training had count as the longest.
    return {"gap": gaps, "date": dates, "time.first": torch.tensor([17990.0]), "time.longest": torch.tensor([100000.0])}


def part(timed):
    lengths = [len(items) for items in HISTORIES]
    history = torch.tensor([items + [0] * (L - len(items)) for items in HISTORIES])
    drawn = torch.zeros(B, L)
    for row, place in ((0, 1), (1, 2), (3, 0), (3, 3)):
        drawn[row, place] = 1
    weights = torch.tensor([0.1, 0.05, 0.1, 0.15, 0.05, 0.05, 0.1, 0.1, 0.05, 0.1, 0.05, 0.02, 0.03, 0.05])
    places = [row * L + place for row, place in READ]
    targets = [target for own in TARGETS for target in own]
    inputs = {
        "history": history,
        "sources": torch.tensor([*places, 4 * L]),
        "targets": torch.tensor([*targets, 0]),
        "weights": torch.cat([weights, torch.zeros(1)]),
        "drawnPlaces": drawn,
        **(of_time(lengths) if timed else {}),
        **catalog(),
    }
    model = Hm4sr(inputs, timed)
    learned = model.learned
    vectors = model.item_vectors()
    table = torch.cat([vectors[stream] for stream in STREAMS], -1)
    own = {stream: vectors[stream][history] for stream in STREAMS}
    x = model.interacted({stream: own[stream] + learned["position"] for stream in STREAMS})
    moments = model.moments() if timed else learned["position"].expand(B, L, D)
    x = model.rescaled(x, moments)
    states = {stream: model.encoded(stream, x[stream]).flatten(0, 1) for stream in STREAMS}
    users = torch.cat([states[stream][places] for stream in STREAMS], -1)
    main = (F.cross_entropy(users @ table[1:].T, inputs["targets"][:-1] - 1, reduction="none") * weights).sum()
    ids = contrast(states["id"][places], learned["item"][targets], targets, weights, 0.2)
    real = history > 0
    logits = model.affine("category", table[history[real]])
    labels = torch.cat(
        [F.one_hot(inputs[f"item.field.{name}"][history[real]], size)[:, 1:] for name, size in FIELDS.items()], -1
    ).to(logits.dtype)
    categories = F.binary_cross_entropy(torch.sigmoid(logits), labels)
    changed = []
    for modality in STREAMS[1:]:
        replaced = torch.where(drawn[..., None] > 0, model.affine(f"placeholder.{modality}", moments), x[modality])
        other = model.encoded(modality, replaced).flatten(0, 1)
        changed.append(contrast(states[modality][places], other[places], targets, weights, 1.0))
    placeholders = sum(changed) / 2
    loss = main + LAMBDA_ID * ids + LAMBDA_CATEGORY * categories + LAMBDA_PLACEHOLDER * placeholders
    parts = {"main": main, "ids": ids, "categories": categories, "placeholders": placeholders}
    return {
        "config": {
            "batch": B,
            "length": L,
            "hidden": D,
            "heads": HEADS,
            "layers": LAYERS,
            "items": ITEMS,
            "width": WIDTH,
            "experts": EXPERTS,
            "scale": SCALE,
            "lambdaId": LAMBDA_ID,
            "lambdaCategory": LAMBDA_CATEGORY,
            "lambdaPlaceholder": LAMBDA_PLACEHOLDER,
            "fields": FIELDS,
        },
        "inputs": arrays(inputs),
        "parameters": arrays(learned),
        "users": array(users),
        "table": array(table),
        "parts": {name: scalar(value) for name, value in parts.items()},
        "loss": scalar(loss),
        "gradients": gradients(loss, learned),
    }


torch.manual_seed(19)
write({"whole": part(True), "timeless": part(False)})

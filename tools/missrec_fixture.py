"""A tiny MISSRec in PyTorch, straight from the equations: weights, inputs, loss and gradients for the parity test.

    "$PEER_PYTHON" tools/missrec_fixture.py test/fixtures/missrec.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

The model, without dropout: x^m = a^m W + b of pictures and texts; where a vector is missing, a row of zeros, a learned one is added. A history's
interests are the distinct clusters of its pictures and texts, here a Python set for each row, and the memory is norm(encoder(their centers)), one
post-norm Transformer layer. Items' vectors, ids and positions are summed and normalized; the decoder, one post-norm layer that is not causal, attends to
them, then to the memory. u is the unit vector of norm(decoded) at the last place. An item's score is (2 l + cos(u, id)) / 3, by the temperature, with l
the sum of the cosines of picture and text, weighed by softmax(f * cosines). The loss: the sum of weights times -log softmax(scores)[target] over the
items but row 0, the padding's, and gamma times the mean over rows of the squared length of the mean interest, by the width.

The file, for `dynamic` (f = 3, with ids), `atFirst` (f = 0), and `static` (weights of a half, without ids):
  config     batch B, length L, positions, hidden d, heads, items (rows of the tables, row 0 being the padding), width (of pictures and texts),
             temperature and gamma
  inputs     by the names of the training graph's inputs; sources are the rows b * L + l that targets are read at; the last target only pads
  parameters by the names that the model in this repository gives them; matrices multiply from the right, x @ W, W is [in, out]
  users      [targets, d]: u
  scores     [targets, items]: what the softmax reads
  loss       one number
  closeness  one number: what gamma weighs
  theirs     what the published code has in its place: pools over all tokens, padding too, by the share that is real, squared and summed over rows
  gradients  of the loss, by parameter name
"""

import math
import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from blocks import Layers  # noqa: E402
from fixture import array, arrays, content, gradients, rounded, scalar, write  # noqa: E402

B, L, POSITIONS, D, HEADS, ITEMS, WIDTH, CLUSTERS = 3, 5, 6, 4, 2, 10, 3, 6
TEMPERATURE, GAMMA = 0.5, 0.1
MODALITIES = ("image", "text")
MISSING = {"image": (0, 4), "text": (0, 8)}
# The cluster of each item's picture and text, from 1 on; 0 is the padding's. Rows share some, within and across modalities.
CLUSTER = {"image": [0, 1, 2, 3, 1, 2, 5, 6, 1, 4], "text": [0, 1, 4, 4, 5, 6, 1, 2, 3, 5]}


class Missrec(Layers):
    def __init__(self, with_id, dynamic):
        super().__init__()
        self.with_id, self.dynamic = with_id, dynamic
        for modality in MODALITIES:
            self.declare_linear(modality, WIDTH, D)
            self.declare(f"{modality}.missing", 1, D)
        if with_id:
            self.declare("item", ITEMS, D)
        self.declare("position", POSITIONS, D)
        self.declare_norm("norm", D)
        self.declare_block("encoder", D)
        self.declare_norm("encoder.norm", D)
        for part in ("self", "cross"):
            for one in ("query", "key", "value", "output"):
                self.declare_linear(f"decoder.{part}.{one}", D, D)
        self.declare_linear("decoder.inner", D, 4 * D)
        self.declare_linear("decoder.outer", 4 * D, D)
        for name in ("norm1", "norm2", "norm3", "norm"):
            self.declare_norm(f"decoder.{name}", D)
        if dynamic:
            self.declare("fusion", 1)

    def attend(self, name, query, memory, hidden):
        """One row: query [Lq, D], memory [Lk, D], hidden [Lk]."""

        def split(x):
            return x.view(-1, HEADS, D // HEADS).transpose(0, 1)

        q = split(self.affine(f"{name}.query", query))
        k, v = (split(self.affine(f"{name}.{part}", memory)) for part in ("key", "value"))
        weights = torch.softmax((q @ k.transpose(-1, -2) / math.sqrt(D // HEADS)).masked_fill(hidden, -1e9), -1)
        return self.affine(f"{name}.output", (weights @ v).transpose(0, 1).reshape(-1, D))

    def encoded(self, x, hidden):
        x = self.norm("encoder.norm1", x + self.attend("encoder.attention", x, x, hidden))
        inner = F.gelu(self.affine("encoder.feedForward.inner", x))
        x = self.norm("encoder.norm2", x + self.affine("encoder.feedForward.outer", inner))
        return self.norm("encoder.norm", x)

    def decoded(self, x, memory, padding, hidden):
        x = self.norm("decoder.norm1", x + self.attend("decoder.self", x, x, padding))
        x = self.norm("decoder.norm2", x + self.attend("decoder.cross", x, memory, hidden))
        x = self.norm("decoder.norm3", x + self.affine("decoder.outer", F.gelu(self.affine("decoder.inner", x))))
        return self.norm("decoder.norm", x)

    def tables(self, inputs):
        tables = {}
        for modality in MODALITIES:
            lacks = (1 - inputs[f"item.{modality}.present"])[:, None]
            tables[modality] = self.affine(modality, inputs[f"item.{modality}"]) + lacks * self[f"{modality}.missing"]
        return tables

    def users(self, inputs, centers, tables):
        users, closeness, theirs = [], [], []
        for history in inputs["history"]:
            places = torch.arange(L)
            x = sum(tables[modality][history] for modality in MODALITIES) + self["position"][places]
            x = self.norm("norm", x + self["item"][history] if self.with_id else x)
            found = sorted({CLUSTER[modality][item] for modality in MODALITIES for item in history.tolist() if item > 0})
            padded = torch.zeros(2 * L, dtype=torch.long)
            padded[: len(found)] = torch.tensor(found)
            memory = self.encoded(centers[padded], padded == 0)
            users.append(self.decoded(x, memory, history == 0, padded == 0))
            closeness.append((memory[: len(found)].mean(0) ** 2).sum() / D)
            theirs.append(((len(found) / (2 * L) * memory.sum(0)) ** 2).sum() / D)
        at_last = torch.stack(users).flatten(0, 1)[inputs["sources"]]
        return F.normalize(at_last, dim=-1), torch.stack(closeness).mean(), torch.stack(theirs).sum()

    def scores(self, users, tables):
        each = torch.stack([users @ F.normalize(tables[modality], dim=-1).T for modality in MODALITIES], -1)
        weights = torch.softmax(self["fusion"] * each, -1) if self.dynamic else torch.full((2,), 0.5)
        score = (weights * each).sum(-1)
        if self.with_id:
            score = (2 * score + users @ F.normalize(self["item"], dim=-1).T) / 3
        return score / TEMPERATURE


def part(with_id, factor):
    history = torch.tensor([[3, 1, 4, 1, 5], [2, 6, 8, 0, 0], [7, 0, 0, 0, 0]])
    last = (history > 0).sum(1) - 1
    inputs = {
        "history": history,
        "sources": torch.cat([torch.arange(B) * L + last, torch.tensor([0])]),
        "targets": torch.tensor([4, 9, 1, 0]),
        "weights": torch.tensor([0.5, 0.2, 0.3, 0.0]),
    }
    centers = rounded(torch.randn(CLUSTERS + 1, D))
    centers[0] = 0
    for modality in MODALITIES:
        inputs |= content(modality, (ITEMS, WIDTH), MISSING[modality])
        inputs[f"cluster.{modality}"] = torch.tensor(CLUSTER[modality], dtype=torch.float64)
        inputs[f"interest.{modality}"] = centers[torch.tensor(CLUSTER[modality])]
    model = Missrec(with_id, factor is not None)
    if factor is not None:
        model.learned["fusion"] = torch.tensor([factor], requires_grad=True)
    tables = model.tables(inputs)
    users, closeness, theirs = model.users(inputs, centers, tables)
    scores = model.scores(users, tables)
    losses = F.cross_entropy(scores[:, 1:], (inputs["targets"] - 1).clamp(min=0), reduction="none")
    loss = (losses * inputs["weights"]).sum() + GAMMA * closeness
    return {
        "inputs": arrays(inputs),
        "parameters": arrays(model.learned),
        "users": array(users),
        "scores": array(scores),
        "loss": scalar(loss),
        "closeness": scalar(closeness),
        "theirs": scalar(theirs),
        "gradients": gradients(loss, model.learned),
    }


torch.manual_seed(23)
write(
    {
        "config": {
            "batch": B,
            "length": L,
            "positions": POSITIONS,
            "hidden": D,
            "heads": HEADS,
            "items": ITEMS,
            "width": WIDTH,
            "temperature": TEMPERATURE,
            "gamma": GAMMA,
        },
        "dynamic": part(with_id=True, factor=3.0),
        "atFirst": part(with_id=True, factor=0.0),
        "static": part(with_id=False, factor=None),
    }
)

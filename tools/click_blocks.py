"""What the fixtures of the multimodal models of clicks share: one batch, one catalog, and the layers at both ends of a model.

The batch has five candidates with a history of up to four events each, one of them empty, and a last row of weight 0. The catalog has ids, of which two
share the row of the rare ones, a category, a number, pictures and texts, some of them missing. A file of such a fixture has
  config     sizes
  inputs     of all variants, by name; label, weight and the frozen inputs among them
  models     by variant, each with
    options    of the model, besides the sizes
    parameters by the names that the model in this repository gives them; matrices multiply from the right, x @ W, W is [in, out]
    logits     [B]
    loss       all that is minimized
    gradients  of the loss, by parameter name
    reasons    what explains the logits, where the model has that
"""

import torch
from torch.nn import functional as F

from blocks import Layers
from click_batch import (
    AGES, B, BEHAVIORS, CATEGORIES, ITEM_ROWS, ITEMS, L, USER_ROWS, USERS, age, behavior, category, history, item, item_row, label, user, user_row, weight,
)
from fixture import array, arrays, content, gradients, rounded, scalar, write

EMBEDDING, D, HIDDEN = 3, 4, 6
WIDTHS = {"image": 5, "text": 3}
MODALITIES = ["id", "image", "text"]
MISSING = {"image": (0, 3), "text": (0, 2, 5)}
torch.manual_seed(17)

item_numbers, user_numbers = rounded(torch.randn(ITEMS + 1, 1)), rounded(torch.randn(USERS + 1, 1))
frozen = {}
for _name, _width in WIDTHS.items():
    frozen |= content(_name, (ITEMS + 1, _width), MISSING[_name])
ITEM_WIDTH = 2 * EMBEDDING
USER_WIDTH = 2 * EMBEDDING + 1


class ClickLayers(Layers):
    """Learned arrays by name; what items, histories and users are read with, and the output."""

    def declare_fields(self, of, tables):
        for name, rows in tables.items():
            self.declare(f"field.{of}.{name}", rows, EMBEDDING)

    def declare_items(self, width=D, modalities=MODALITIES):
        """The tables of an item, the map of its id, and the projections of its vectors."""
        self.declare_fields("item", {"id": ITEM_ROWS, "category": CATEGORIES})
        for name in modalities:
            self.declare_linear(name, WIDTHS.get(name, ITEM_WIDTH), width)
            if name in WIDTHS:
                self.declare(f"{name}.missing", 1, width)

    def id(self, ids):
        return torch.cat([self["field.item.id"][item_row[ids]], self["field.item.category"][category[ids]]], -1)

    def frozen(self, name, ids):
        """A vector through its projection, and the learned row where there is none."""
        lacks = 1 - frozen[f"item.{name}.present"][ids]
        return self.affine(name, frozen[f"item.{name}"][ids]) + lacks[..., None] * self[f"{name}.missing"]

    def vectors(self, ids):
        """The id, picture and text of items, [.., width] each, by name."""
        return {name: self.frozen(name, ids) if name in WIDTHS else self.affine("id", self.id(ids)) for name in MODALITIES}

    def declare_behavior(self, width):
        self.declare("field.behavior", BEHAVIORS + 1, width)

    def declare_mlp(self, name, sizes, prelu=False):
        for at in range(len(sizes) - 1):
            self.declare_linear(f"{name}.{at}", sizes[at], sizes[at + 1])
            if prelu and at < len(sizes) - 2:
                self.declare(f"{name}.{at}.slope", sizes[at + 1], center=0.25, scale=0.1)

    def mlp(self, name, x, layers, last=False):
        """ReLU or PReLU after each layer; after the last one where it says so."""
        for at in range(layers):
            x = self.affine(f"{name}.{at}", x)
            if at < layers - 1 or last:
                slope = self.learned.get(f"{name}.{at}.slope")
                x = F.relu(x) if slope is None else torch.where(x > 0, x, slope * x)
        return x

    def declare_output(self, interest, target):
        """The output of all models but few: two hidden layers, the second of half the width."""
        self.declare_fields("user", {"id": USER_ROWS, "age": AGES})
        self.declare_mlp("output", [interest + target + 1 + USER_WIDTH, HIDDEN, HIDDEN // 2, 1], prelu=True)

    def user(self):
        return torch.cat([self["field.user.id"][user_row[user]], self["field.user.age"][age[user]], user_numbers[user]], 1)

    def output(self, interest, target):
        return self.mlp("output", torch.cat([interest, target, item_numbers[item], self.user()], 1), 3)[:, 0]


def mean(events):
    """The mean over the events of each history, event by event; zeros where there is none: [B, L, W] -> [B, W]."""
    rows = []
    for row in range(B):
        there = [events[row, at] for at in range(L) if history[row, at] > 0]
        rows.append(sum(there) / len(there) if there else torch.zeros(events.shape[-1]))
    return torch.stack(rows)


# The width of the first layer of DIN's unit.
ATTENTION = 4


def declare_unit(p, name, width):
    """The parameters of DIN's unit over vectors of a width."""
    p.declare_linear(f"{name}.unit.first", 4 * width, ATTENTION)
    p.declare(f"{name}.unit.first.slope", ATTENTION, center=0.25, scale=0.1)
    p.declare_linear(f"{name}.unit.rest.0", ATTENTION, ATTENTION // 2)
    p.declare(f"{name}.unit.rest.0.slope", ATTENTION // 2, center=0.25, scale=0.1)
    p.declare_linear(f"{name}.unit.rest.1", ATTENTION // 2, 1)


def interest(p, name, events, target):
    """DIN's unit over each event and the candidate: the sum of what it weighs, and the weights."""
    t = target[:, None].expand_as(events)
    x = torch.cat([events, t, events - t, events * t], -1)
    for layer in ("first", "rest.0"):
        x = p.affine(f"{name}.unit.{layer}", x)
        x = torch.where(x > 0, x, p[f"{name}.unit.{layer}.slope"] * x)
    weights = p.affine(f"{name}.unit.rest.1", x) * (history > 0)[..., None]
    return (weights * events).sum(1), weights[..., 0]


def log_loss(logits):
    return (weight * F.binary_cross_entropy_with_logits(logits, label, reduction="none")).sum()


def variant(options, layers, logits, *others, reasons=None):
    """A model's options and numbers; others are losses beside the log loss."""
    loss = log_loss(logits) + sum(others)
    numbers = {"parameters": arrays(layers.learned), "logits": array(logits), "loss": scalar(loss)}
    told = {"reasons": arrays(reasons)} if reasons else {}
    return {"options": options, **numbers, "gradients": gradients(loss, layers.learned), **told}


def write_clicks(models):
    """The fixture, to the path given on the command line."""
    inputs = {"user": user, "item": item, "history": history, "behavior": behavior, "label": label, "weight": weight}
    inputs |= {"item.fields": torch.stack([item_row, category], 1), "user.fields": torch.stack([user_row, age], 1)}
    inputs |= {"item.numbers": item_numbers, "user.numbers": user_numbers, **frozen}
    sizes = {"rows": B, "length": L, "embedding": EMBEDDING, "modality": D, "hidden": HIDDEN, "items": ITEMS, "users": USERS}
    sizes |= {"itemRows": ITEM_ROWS, "userRows": USER_ROWS, "categories": CATEGORIES, "ages": AGES, **WIDTHS}
    write({"config": sizes, "inputs": arrays(inputs), "models": models})

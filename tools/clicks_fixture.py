"""LR, FM, DeepFM and YoutubeNet, tiny and in PyTorch: weights, inputs, logits, loss and gradients for the parity tests.

    "$PEER_PYTHON" tools/clicks_fixture.py test/fixtures/clicks.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

Everything is computed as it is printed, the slow way: the pairs of FM and DeepFM one by one, the mean of a history event by event. A row of a table
of LR is a weight, of FM and DeepFM a weight and then a vector; a number is its row times the number. A history is one field: the mean of its events'
rows, zeros where there is none; LR and FM have a table of their own for it, DeepFM has that of the candidates' ids, and YoutubeNet adds the row of
what was done to all embeddings of the event. MLPs have ReLU.

The file:
  config     sizes
  inputs     of all models, by name; label, weight and the frozen inputs among them
  models     by slug, each with
    parameters by the names that the model in this repository gives them; matrices multiply from the right, x @ W, W is [in, out]
    logits     [B]
    loss       the sum of weights times the log loss
    gradients  of the loss, by parameter name
"""

import sys
from itertools import combinations

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from click_batch import (  # noqa: E402
    AGES, B, BEHAVIORS, CATEGORIES, ITEM_ROWS, ITEMS, L, USER_ROWS, USERS, age, behavior, category, history, item, item_row, label, user, user_row, weight,
)
from fixture import arrays, drawn, gradients, rounded, write  # noqa: E402

D, HIDDEN = 3, 6
torch.manual_seed(13)

item_numbers, user_numbers = rounded(torch.randn(ITEMS + 1, 2)), rounded(torch.randn(USERS + 1, 1))


def tables(width):
    return {
        "field.item.id": drawn(ITEM_ROWS, width, scale=0.5),
        "field.item.category": drawn(CATEGORIES, width, scale=0.5),
        "field.user.id": drawn(USER_ROWS, width, scale=0.5),
        "field.user.age": drawn(AGES, width, scale=0.5),
    }


def tables_and_numbers(width):
    return tables(width) | {"numbers.item": drawn(2, width, scale=0.5), "numbers.user": drawn(1, width, scale=0.5)}


def mlp(name, sizes):
    made = {}
    for at in range(len(sizes) - 1):
        made |= {f"{name}.{at}.weight": drawn(sizes[at], sizes[at + 1], scale=0.4), f"{name}.{at}.bias": drawn(sizes[at + 1], scale=0.2)}
    return made


def through(p, name, x):
    count = sum(key.startswith(f"{name}.") for key in p) // 2
    for at in range(count):
        x = x @ p[f"{name}.{at}.weight"] + p[f"{name}.{at}.bias"]
        x = F.relu(x) if at < count - 1 else x
    return x[:, 0]


def mean(embed, width):
    """The mean of an event's row over each history."""
    rows = []
    for row in range(B):
        events = [embed(history[row, at], behavior[row, at]) for at in range(L) if history[row, at] > 0]
        rows.append(sum(events) / len(events) if events else torch.zeros(width))
    return torch.stack(rows)


def fields(p, past):
    """Every field's row for every sample, the numbers' times their number: [B, width] each, in the order of the deep part's input."""
    users = [p["field.user.id"][user_row[user]], p["field.user.age"][age[user]], past]
    users += [user_numbers[user][:, at : at + 1] * p["numbers.user"][at] for at in range(1)]
    items = [p["field.item.id"][item_row[item]], p["field.item.category"][category[item]]]
    items += [item_numbers[item][:, at : at + 1] * p["numbers.item"][at] for at in range(2)]
    return users, items


def in_order(users, items):
    return torch.cat([row[:, 1:] for row in [*users, *items]], 1)


def machine(rows):
    pairs = [(a[:, 1:] * b[:, 1:]).sum(1) for a, b in combinations(rows, 2)]
    return sum(row[:, 0] for row in rows) + sum(pairs)


def part(p, logits):
    loss = (weight * F.binary_cross_entropy_with_logits(logits, label, reduction="none")).sum()
    return {"parameters": arrays(p), "logits": arrays({"values": logits})["values"], "loss": loss.item(), "gradients": gradients(loss, p)}


def lr():
    p = tables_and_numbers(1) | {"field.history": drawn(ITEM_ROWS, 1, scale=0.5), "bias": drawn(1)}
    users, items = fields(p, mean(lambda event, done: p["field.history"][item_row[event]], 1))
    return part(p, sum([*users, *items])[:, 0] + p["bias"])


def fm():
    p = tables_and_numbers(1 + D) | {"field.history": drawn(ITEM_ROWS, 1 + D, scale=0.5), "bias": drawn(1)}
    users, items = fields(p, mean(lambda event, done: p["field.history"][item_row[event]], 1 + D))
    return part(p, machine([*users, *items]) + p["bias"])


def deepfm():
    p = tables_and_numbers(1 + D) | mlp("deep", [8 * D, HIDDEN, HIDDEN, 1])
    users, items = fields(p, mean(lambda event, done: p["field.item.id"][item_row[event]], 1 + D))
    return part(p, machine([*users, *items]) + through(p, "deep", in_order(users, items)))


def youtube_net():
    p = tables(D) | {"field.behavior": drawn(BEHAVIORS + 1, 2 * D, scale=0.5)} | mlp("output", [6 * D + 3, HIDDEN, HIDDEN // 2, 1])

    def embed(index):
        return torch.cat([p["field.item.id"][item_row[index]], p["field.item.category"][category[index]]], -1)

    past = mean(lambda event, done: embed(event) + p["field.behavior"][done], 2 * D)
    known = [p["field.user.id"][user_row[user]], p["field.user.age"][age[user]], user_numbers[user]]
    return part(p, through(p, "output", torch.cat([past, *known, embed(item), item_numbers[item]], 1)))


inputs = {"user": user, "item": item, "history": history, "behavior": behavior, "label": label, "weight": weight}
inputs |= {"item.fields": torch.stack([item_row, category], 1), "user.fields": torch.stack([user_row, age], 1)}
inputs |= {"item.numbers": item_numbers, "user.numbers": user_numbers}
sizes = {"rows": B, "length": L, "embedding": D, "hidden": HIDDEN, "items": ITEMS, "users": USERS}
sizes |= {"itemRows": ITEM_ROWS, "userRows": USER_ROWS, "categories": CATEGORIES, "ages": AGES}
models = {"lr": lr(), "fm": fm(), "deepfm": deepfm(), "youtube-net": youtube_net()}
write({"config": sizes, "inputs": arrays(inputs), "models": models})

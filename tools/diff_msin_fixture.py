"""Diff-MSIN on DIN, tiny, written from the paper's equations: weights, inputs, logits, loss and gradients for the parity test.

    "$PEER_PYTHON" tools/diff_msin_fixture.py test/fixtures/diff-msin.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

Every equation is computed as it is printed, the slow way: the activation unit reads [h, t, h - t, h * t] side by side, cosines are taken pair by
pair, with 0.01 added to squared lengths. Readings are those of the header of src/models/diff-msin/diff-msin.ts. A row of zeros among the vectors of
pictures or texts is a missing vector. The noise of eq. 10 is given.

The file:
  config     sizes
  inputs     of the graph, by name; label and weight among them, and the frozen inputs
  noise      in the order in which the model asks for it: id, image, text
  parameters by the names that the model in this repository gives them; matrices multiply from the right, x @ W, W is [in, out]
  logits     [B]
  parts      the three losses
  loss       log loss + w1 decoupling + w2 synergy
  gradients  of the loss, by parameter name
"""

import math
import sys
from itertools import combinations

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from fixture import arrays, rounded, write  # noqa: E402

B, L, D, M, E, HEADS, T = 4, 3, 4, 4, 4, 2, 3
ITEMS, USERS, ITEM_ROWS, USER_ROWS, VALUES, BEHAVIORS = 6, 3, 5, 3, 3, 2
WIDTHS = {"image": 5, "text": 3}
W1, W2, MARGIN = 0.3, 0.2, 0.1
ALPHA = (0.9, 0.8)
NAMES = ["id", "image", "text"]
ITEM = 2 * D
torch.manual_seed(5)
P = {}


def parameter(name, *shape, scale=0.5, shift=0.0):
    P[name] = rounded(shift + scale * torch.randn(shape)).requires_grad_()


def affine(name, fan_in, fan_out):
    parameter(f"{name}.weight", fan_in, fan_out)
    parameter(f"{name}.bias", fan_out, scale=0.2)


def slope(name, width):
    parameter(f"{name}.slope", width, scale=0.1, shift=0.25)


def unit(name, width, hidden):
    affine(f"{name}.first", 4 * width, hidden[0])
    slope(f"{name}.first", hidden[0])
    sizes = [*hidden, 1]
    for at in range(len(sizes) - 1):
        affine(f"{name}.rest.{at}", sizes[at], sizes[at + 1])
        if at < len(sizes) - 2:
            slope(f"{name}.rest.{at}", sizes[at + 1])


parameter("field.item.id", ITEM_ROWS, D)
parameter("field.item.category", VALUES, D)
parameter("field.user.id", USER_ROWS, D)
parameter("field.behavior", BEHAVIORS + 1, ITEM)
unit("id.unit", ITEM, [4, 2])
for m, width in WIDTHS.items():
    affine(m, width, M)
    parameter(f"{m}.missing", 1, M)
    parameter(f"{m}.norm.scale", M, scale=0.1, shift=1.0)
    parameter(f"{m}.norm.shift", M, scale=0.1)
    parameter(f"{m}.interest.scale", M, scale=0.1, shift=1.0)
    parameter(f"{m}.interest.shift", M, scale=0.1)
    unit(f"{m}.attention", M, [4])
    affine(f"expert.{m}.0", M, E)
    affine(f"expert.{m}.1", E, E)
affine("expert.id", ITEM, E)
for m in NAMES:
    affine(f"shared.{m}.0", ITEM if m == "id" else M, E)
    affine(f"shared.{m}.1", E, E)
    affine(f"enhance.{m}", E, E)
PAIRS = [(to, other) for to in NAMES for other in NAMES if other != to]
parameter("synergy.weights", len(PAIRS), 1)
for to, other in PAIRS:
    parameter(f"synergy.{to}.{other}.weight", E, E)
affine("synergy.join.0", 3 * E, E)
affine("synergy.join.1", E, E)
affine("synergy.target", ITEM + 2 * M, E)
affine("fusion.gates", ITEM, 4)
parameter("fusion.cross.weight", 4 * E, 1)
parameter("fusion.cross.bias", 4 * E, scale=0.2)
for part in ("query", "key", "value", "output"):
    affine(f"fusion.attention.{part}", E, E)
affine("output.0", E + ITEM + 1 + D, 4)
slope("output.0", 4)
affine("output.1", 4, 1)


def put(name, x):
    return x @ P[f"{name}.weight"] + P[f"{name}.bias"]


def prelu(name, x):
    return torch.where(x > 0, x, P[f"{name}.slope"] * x)


def two(name, x):
    return put(f"{name}.1", F.relu(put(f"{name}.0", x)))


def attend(name, history, target, mask, layers):
    t = target[:, None, :].expand_as(history)
    x = prelu(f"{name}.first", put(f"{name}.first", torch.cat([history, t, history - t, history * t], -1)))
    for at in range(layers):
        x = put(f"{name}.rest.{at}", x)
        if at < layers - 1:
            x = prelu(f"{name}.rest.{at}", x)
    return x[..., 0] * mask


user = torch.tensor([1, 2, 3, 1])
item = torch.tensor([3, 6, 1, 5])
history = torch.tensor([[1, 2, 4], [5, 0, 0], [2, 6, 0], [0, 0, 0]])
behavior = torch.tensor([[1, 2, 1], [2, 0, 0], [1, 1, 0], [0, 0, 0]])
label = torch.tensor([1.0, 0.0, 0.0, 1.0])
weight = torch.tensor([0.25, 0.25, 0.5, 0.0])
item_row = torch.tensor([0, 2, 3, 1, 4, 1, 2])
user_row = torch.tensor([0, 2, 1, 2])
category = torch.tensor([0, 1, 2, 1, 0, 2, 2])
numbers = rounded(torch.randn(ITEMS + 1, 1))
vectors = {m: rounded(torch.randn(ITEMS + 1, width)) for m, width in WIDTHS.items()}
present = {"image": torch.tensor([0.0, 1, 1, 0, 1, 1, 1]), "text": torch.tensor([0.0, 1, 0, 1, 1, 0, 1])}
for m in WIDTHS:
    vectors[m] = vectors[m] * present[m][:, None]
noise = [rounded(torch.randn(B, E)) for _ in NAMES]
mask = (history > 0).float()


def embed(ids):
    return torch.cat([P["field.item.id"][item_row[ids]], P["field.item.category"][category[ids]]], -1)


target = embed(item)
events = embed(history) + P["field.behavior"][behavior]
pooled = {"id": (attend("id.unit", events, target, mask, 2)[..., None] * events).sum(1)}
own_target = {}
for m in WIDTHS:
    projected = put(m, vectors[m]) + (1 - present[m])[:, None] * P[f"{m}.missing"]
    table = F.layer_norm(projected, [M]) * P[f"{m}.norm.scale"] + P[f"{m}.norm.shift"]
    own_target[m] = table[item]
    summed = (attend(f"{m}.attention", table[history], table[item], mask, 1)[..., None] * table[history]).sum(1)
    pooled[m] = F.layer_norm(summed, [M], eps=0.01) * P[f"{m}.interest.scale"] + P[f"{m}.interest.shift"]

expert = {"id": put("expert.id", pooled["id"])} | {m: two(f"expert.{m}", pooled[m]) for m in WIDTHS}
shared = {m: two(f"shared.{m}", pooled[m]) for m in NAMES}
common = sum(shared.values()) / 3
enhanced = {}
for m in NAMES:
    w = torch.sigmoid(put(f"enhance.{m}", expert[m]))
    enhanced[m] = w * expert[m] + (1 - w) * common


def cosine(a, b):
    lengths = [(x.square().sum(1) + 0.01).sqrt() for x in (a, b)]
    return (a * b).sum(1) / (lengths[0] * lengths[1])


def pairs_mean(tensors):
    return torch.stack([cosine(a, b) for a, b in combinations(tensors, 2)]).mean(0)


decoupling = (weight * (pairs_mean([*expert.values(), common]) - pairs_mean(list(shared.values())))).sum()

alphas = torch.linspace(*ALPHA, T)
bars = torch.cumprod(alphas, 0)
state = {m: bars[-1].sqrt() * expert[m] + (1 - bars[-1]).sqrt() * e for m, e in zip(NAMES, noise)}
for t in reversed(range(T)):
    said = {
        to: sum(P["synergy.weights"][at, 0] * (state[other] @ P[f"synergy.{to}.{other}.weight"]) for at, (a, other) in enumerate(PAIRS) if a == to)
        for to in NAMES
    }
    state = {m: (state[m] - (1 - alphas[t]) / (1 - bars[t]).sqrt() * said[m]) / alphas[t].sqrt() for m in NAMES}
synergy = two("synergy.join", torch.cat([state[m] for m in NAMES], 1))
aim = put("synergy.target", torch.cat([target, own_target["image"], own_target["text"]], 1))
alike = cosine(synergy, aim)
zero = torch.zeros(())
synergy_loss = (weight * (label * torch.maximum(zero, 1 - alike) + (1 - label) * torch.maximum(zero, alike - MARGIN))).sum()

gates = torch.sigmoid(put("fusion.gates", target))
parts = [enhanced["image"], enhanced["text"], common, synergy]
joined = torch.cat([gates[:, at : at + 1] * part for at, part in enumerate(parts)], 1)
crossed = joined * (joined @ P["fusion.cross.weight"]) + P["fusion.cross.bias"] + joined
memory = crossed.reshape(B, 4, E)


def heads(x):
    return x.reshape(B, -1, HEADS, E // HEADS).transpose(1, 2)


q, k, v = (heads(put(f"fusion.attention.{name}", x)) for name, x in (("query", enhanced["id"][:, None]), ("key", memory), ("value", memory)))
weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(E / HEADS), -1)
found = put("fusion.attention.output", (weights @ v).transpose(1, 2).reshape(B, E))
fused = enhanced["id"] + found
known = torch.cat([fused, target, numbers[item], P["field.user.id"][user_row[user]]], 1)
logits = put("output.1", prelu("output.0", put("output.0", known)))[:, 0]
clicks = (weight * F.binary_cross_entropy_with_logits(logits, label, reduction="none")).sum()
loss = clicks + W1 * decoupling + W2 * synergy_loss
loss.backward()

inputs = {"user": user, "item": item, "history": history, "behavior": behavior, "label": label, "weight": weight}
frozen = {"item.fields": torch.stack([item_row, category], 1), "user.fields": user_row[:, None], "item.numbers": numbers}
for m in WIDTHS:
    frozen |= {f"item.{m}": vectors[m], f"item.{m}.present": present[m]}
write(
    {
        "config": {
            "batch": B, "length": L, "items": ITEMS, "users": USERS, "itemRows": ITEM_ROWS, "userRows": USER_ROWS, "values": VALUES,
            "width": D, "modality": M, "expert": E, "heads": HEADS, "steps": T, **WIDTHS,
        },
        "inputs": arrays(inputs | frozen),
        "noise": [arrays({"values": e})["values"] for e in noise],
        "parameters": arrays({name: p.detach() for name, p in P.items()}),
        "logits": logits.tolist(),
        "parts": {"clicks": clicks.item(), "decoupling": decoupling.item(), "synergy": synergy_loss.item()},
        "loss": loss.item(),
        "gradients": arrays({name: p.grad for name, p in P.items()}),
    }
)

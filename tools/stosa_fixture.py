"""A tiny STOSA in PyTorch, straight from the equations: weights, inputs, states, distances, loss and gradients for the parity test.

    "$PEER_PYTHON" tools/stosa_fixture.py test/fixtures/stosa.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

The model, without dropout. Histories stand at the end of L places, padding in front. Distances are sums over squared differences, never products:
w2((m, c), (M, C)) = sum (m - M)^2 + sum (sqrt c - sqrt C)^2. m = ELU(norm(item.mean + position.mean)), c = ELU(norm(item.covariance +
position.covariance)) + 1. A layer: q, k, v are linear in m, and ELU(linear) + 1 in c; softmax over earlier places of -w2(q_i, k_j) / sqrt(d / heads)
gives p; the mean attends by p, the covariance by p squared; norm(x + linear), one norm for both; then norm(h + W_2 ELU(W_1 h)) for each, and
ELU + 1 for the covariance. An item as a candidate is (item.mean, ELU(item.covariance) + 1).
The loss: the sum of weights times -log(sigmoid(d_negative - d_positive) + 1e-24) + LAMBDA max(0, d_positive - w2(positive, negative)).

The file, for `passed`, where a layer's mean goes on to the next, `released`, where every layer reads the first mean and that mean ranks, and `dot`,
where softmax(q k^T / sqrt(d / heads)) of means weighs means, and that of covariances covariances, without a square:
  config     batch B, length L of the inputs, positions (L of the model), hidden d, heads, layers, items (rows of the tables, row 0 pads), lambda
  inputs     by the names of the training graph's inputs, histories at the beginning of their rows; sources are the rows b * L + l that targets
             are read at; the last target only pads
  parameters by the names that the model in this repository gives them; matrices multiply from the right, x @ W, W is [in, out]
  mean       [targets, d]: m' where each target is read; covariance: c' there
  distances  [targets, items]: w2 of those and every item
  loss       one number
  gradients  of the loss, by the names of the parameters that have one
"""

import math
import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from blocks import Layers  # noqa: E402
from fixture import array, arrays, gradients, scalar, write  # noqa: E402

B, L, POSITIONS, D, HEADS, LAYERS, ITEMS, LAMBDA = 3, 5, 7, 8, 2, 2, 10, 0.3
SIDES = ("mean", "covariance")


def w2(mean, covariance, other_mean, other_covariance):
    return ((mean - other_mean) ** 2).sum(-1) + ((covariance.sqrt() - other_covariance.sqrt()) ** 2).sum(-1)


def positive(x):
    return F.elu(x) + 1


class Stosa(Layers):
    def __init__(self, mean_path, attention):
        super().__init__(epsilon=1e-12)
        self.mean_path, self.attention = mean_path, attention
        for side in SIDES:
            # As far apart as users are from items, so that the hinge holds for some and not for others.
            self.declare(f"item.{side}", ITEMS, D, scale=1.2)
            self.declare(f"position.{side}", POSITIONS, D)
        self.declare_norm("norm", D)
        for layer in range(LAYERS):
            self.declare_norm(f"block{layer}.norm", D)
            for side in SIDES:
                name = f"block{layer}.{side}"
                for part in ("query", "key", "value", "output"):
                    self.declare_linear(f"{name}.{part}", D, D)
                self.declare_linear(f"{name}.feed.inner", D, 4 * D)
                self.declare_linear(f"{name}.feed.outer", 4 * D, D)
                self.declare_norm(f"{name}.feed.norm", D)

    def embedded(self, side, history):
        x = self.norm("norm", self[f"item.{side}"][history] + self[f"position.{side}"])
        return F.elu(x) if side == "mean" else positive(x)

    def heads(self, name, x, activate):
        y = activate(self.affine(name, x))
        return y.view(B, POSITIONS, HEADS, D // HEADS).transpose(1, 2)

    def layer(self, name, mean, covariance, hidden):
        def plain(x):
            return x

        m = [self.heads(f"{name}.mean.{part}", mean, plain) for part in ("query", "key", "value")]
        c = [self.heads(f"{name}.covariance.{part}", covariance, positive) for part in ("query", "key", "value")]
        root = math.sqrt(D / HEADS)
        if self.attention == "dot":
            weights = [torch.softmax(q @ k.transpose(-1, -2) / root + hidden, -1) for q, k, _ in (m, c)]
        else:
            distances = w2(m[0][:, :, :, None], c[0][:, :, :, None], m[1][:, :, None], c[1][:, :, None])
            p = torch.softmax(-distances / root + hidden, -1)
            weights = [p, p * p]
        fed = []
        for side, x, p, v in zip(SIDES, (mean, covariance), weights, (m[2], c[2])):
            z = (p @ v).transpose(1, 2).reshape(B, POSITIONS, D)
            h = self.norm(f"{name}.norm", x + self.affine(f"{name}.{side}.output", z))
            inner = F.elu(self.affine(f"{name}.{side}.feed.inner", h))
            fed.append(self.norm(f"{name}.{side}.feed.norm", h + self.affine(f"{name}.{side}.feed.outer", inner)))
        return (fed[0] if self.mean_path == "passed" else mean), positive(fed[1])

    def states(self, history):
        """m' and c' at every place of histories [B, POSITIONS] that stand at the end."""
        places = torch.arange(POSITIONS)
        seen = (places[None, :] <= places[:, None])[None] & (history > 0)[:, None, :]
        hidden = torch.where(seen, 0.0, -(2.0**32) + 1)[:, None]
        mean, covariance = (self.embedded(side, history) for side in SIDES)
        for layer in range(LAYERS):
            mean, covariance = self.layer(f"block{layer}", mean, covariance, hidden)
        return mean, covariance


HISTORIES = [[3, 1, 4, 1, 5], [2, 6, 8], [7, 9]]
# Which place of which history each target is read at; the last only pads.
READ = [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (0, 0)]


def part(mean_path, attention):
    padded = torch.tensor([items + [0] * (L - len(items)) for items in HISTORIES])
    inputs = {
        "history": padded,
        "sources": torch.tensor([row * L + place for row, place in READ[:-1]] + [L + 3]),
        "targets": torch.tensor([1, 4, 1, 5, 9, 6, 8, 3, 9, 2, 0]),
        "negatives": torch.tensor([2, 6, 7, 8, 2, 1, 3, 4, 1, 3, 1])[:, None],
        "weights": torch.tensor([0.1, 0.05, 0.1, 0.15, 0.1, 0.05, 0.15, 0.1, 0.05, 0.15, 0.0]),
    }
    model = Stosa(mean_path, attention)
    learned = model.learned
    behind = torch.tensor([[0] * (POSITIONS - len(items)) + items for items in HISTORIES])
    every = model.states(behind)
    mean, covariance = (torch.stack([x[row, POSITIONS - len(HISTORIES[row]) + place] for row, place in READ[:-1]]) for x in every)
    items = (learned["item.mean"], positive(learned["item.covariance"]))
    distances = w2(mean[:, None], covariance[:, None], *(x[None] for x in items))
    targets, negatives, weights = (inputs[name][:-1] for name in ("targets", "negatives", "weights"))
    negatives = negatives[:, 0]
    d_positive, d_negative = (distances.gather(1, ids[:, None])[:, 0] for ids in (targets, negatives))
    ranking = -torch.log(torch.sigmoid(d_negative - d_positive) + 1e-24)
    apart = w2(*(x[targets] for x in items), *(x[negatives] for x in items))
    pvn = (d_positive - apart).clamp(min=0)
    assert 0 < (pvn > 0).sum() < len(pvn)
    loss = (weights * (ranking + LAMBDA * pvn)).sum()
    unread = ("mean.value", "mean.output", "mean.feed")
    read = {name: x for name, x in learned.items() if mean_path == "passed" or not any(f".{part}." in name for part in unread)}
    return {
        "config": {
            "batch": B,
            "length": L,
            "positions": POSITIONS,
            "hidden": D,
            "heads": HEADS,
            "layers": LAYERS,
            "items": ITEMS,
            "lambda": LAMBDA,
        },
        "inputs": arrays(inputs),
        "parameters": arrays(read),
        "mean": array(mean),
        "covariance": array(covariance),
        "distances": array(distances),
        "loss": scalar(loss),
        "gradients": gradients(loss, read),
    }


torch.manual_seed(17)
write({"passed": part("passed", "wasserstein"), "released": part("released", "wasserstein"), "dot": part("passed", "dot")})

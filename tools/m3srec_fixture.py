"""A tiny M3SRec (reconstructed) in PyTorch, straight from the equations: weights, inputs, users, losses and gradients for the parity test.

    "$PEER_PYTHON" tools/m3srec_fixture.py test/fixtures/m3srec.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

There is no other implementation of this model to compare with: the script writes the reconstruction's equations anew, token by token.
A history has a token for each modality and place, LN(x + P + r_m), x the item's id vector or its projected picture or text, where a vector is
missing a learned one. Attention is causal in the place. Each token then goes through K feed-forward experts, sum_k g_k FFN_k, g a softmax of the token:
of its modality in the first layer, of all modalities in the second. A user is the sum of the last place's states, weighed by softmax(w . tanh(h W)).
An item is the sum of its vectors. Without dropout.

The file:
  pretrain   the mean over pairs of modalities m, m' of NCE(h^m W', x^m' of the next item; t) plus lambda times the balance of gates: for each mixture
             K times the sum over k of (share of tokens whose largest gate is k) * (mean of gate k), a mean over mixtures. Real tokens alone count
  finetune   the cross-entropy over the catalog plus the same balance
  relu       the latter with experts of ReLU, one plain feed-forward layer for all modalities in place of the first layer's experts, and no pictures
Each has
  inputs     by the names of the training graph's inputs; sources are the rows b * L + l that targets are read at; the last target only pads
  parameters by the names that the model in this repository gives them; matrices multiply from the right, x @ W, W is [in, out]
  users      [B, L, d] at every place
  shares     [B, L, modalities]: what users are weighed by
  loss       one number
  gradients  of the loss, by parameter name
"""

import math
import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from blocks import Layers, catalog_loss  # noqa: E402
from fixture import array, arrays, content, gradients, scalar, write  # noqa: E402

B, L, D, HEADS, ITEMS, WIDTH, K = 3, 4, 4, 2, 10, 3, 3
TEMPERATURE, LAMBDA = 0.5, 0.3
# The pad has neither.
MISSING = {"image": (0, 4), "text": (0, 8)}


class M3srec(Layers):
    def __init__(self, names, activation, plain_first):
        super().__init__()
        self.names, self.activation = names, activation
        self.groups = [("all",) if plain_first else names, ("all",)]
        self.experts = [1 if plain_first else K, K]
        self.declare("item", ITEMS, D)
        for name in names[1:]:
            self.declare_linear(name, WIDTH, D)
            self.declare(f"{name}.missing", 1, D)
        self.declare("position", L, D)
        self.declare("modality", len(names), D)
        self.declare_norm("norm", D)
        for layer in range(2):
            for part in ("query", "key", "value", "output"):
                self.declare_linear(f"layer{layer}.attention.{part}", D, D)
            self.declare_norm(f"layer{layer}.norm", D)
            for group in self.groups[layer]:
                name, experts = f"layer{layer}.{group}", self.experts[layer]
                self.declare_linear(f"{name}.in", D, experts * 4 * D)
                self.declare(f"{name}.out.weight", experts * 4 * D, D)
                if experts == 1:
                    self.declare(f"{name}.out.bias", D)
                else:
                    self.declare(f"{name}.out.bias", experts, D)
                    self.declare_linear(f"{name}.gate", D, experts)
                self.declare_norm(f"{name}.norm", D)
        self.declare("pool.weight", D, D)
        self.declare("pool.score", D, 1)
        self.declare("match.weight", D, D)

    def tables(self, inputs):
        tables = {"id": self["item"]}
        for name in self.names[1:]:
            lacks = (1 - inputs[f"item.{name}.present"])[:, None]
            tables[name] = self.affine(name, inputs[f"item.{name}"]) + lacks * self[f"{name}.missing"]
        return tables

    def attended(self, layer, tokens):
        """tokens [n, M, D] of one history, a place after the other."""
        places, modalities, _ = tokens.shape
        x, width = tokens.reshape(-1, D), D // HEADS
        q, k, v = (self.affine(f"layer{layer}.attention.{part}", x) for part in ("query", "key", "value"))
        rows = []
        for token in range(places * modalities):
            seen = (token // modalities + 1) * modalities
            heads = []
            for head in range(HEADS):
                own = slice(head * width, (head + 1) * width)
                weights = torch.softmax(k[:seen, own] @ q[token, own] / math.sqrt(width), 0)
                heads.append(weights @ v[:seen, own])
            rows.append(torch.cat(heads))
        left = self.affine(f"layer{layer}.attention.output", torch.stack(rows))
        return self.norm(f"layer{layer}.norm", x + left).view(places, modalities, D)

    def mixed(self, layer, group, x):
        name, experts = f"layer{layer}.{group}", self.experts[layer]
        gates = torch.softmax(self.affine(f"{name}.gate", x), -1) if experts > 1 else torch.ones(*x.shape[:-1], 1)
        total = 0
        for k in range(experts):
            own = slice(k * 4 * D, (k + 1) * 4 * D)
            inner = self.activation(x @ self[f"{name}.in.weight"][:, own] + self[f"{name}.in.bias"][own])
            bias = self[f"{name}.out.bias"]
            outer = inner @ self[f"{name}.out.weight"][own] + (bias[k] if experts > 1 else bias)
            total = total + gates[..., k : k + 1] * outer
        return self.norm(f"{name}.norm", x + total), gates

    def read(self, inputs):
        """States [n, M, D] of each history, and the gates of each mixture, [tokens, K]."""
        tables = self.tables(inputs)
        states, gates = [], {}
        for history in inputs["history"]:
            known = history[history > 0]
            tokens = torch.stack([tables[name][known] + self["position"][: len(known)] + self["modality"][m] for m, name in enumerate(self.names)], 1)
            x = self.norm("norm", tokens)
            for layer in range(2):
                x = self.attended(layer, x)
                if self.groups[layer] == ("all",):
                    x, own = self.mixed(layer, "all", x)
                    found = {"all": own}
                else:
                    each = [self.mixed(layer, name, x[:, m]) for m, name in enumerate(self.names)]
                    x = torch.stack([out for out, _ in each], 1)
                    found = {name: own for name, (_, own) in zip(self.names, each)}
                if self.experts[layer] > 1:
                    for group, own in found.items():
                        gates.setdefault((layer, group), []).append(own.reshape(-1, K))
            states.append(x)
        return states, [torch.cat(own) for own in gates.values()]

    def balance(self, gates):
        each = []
        for gate in gates:
            share = F.one_hot(gate.argmax(-1), K).double().mean(0)
            each.append(K * (share * gate.mean(0)).sum())
        return sum(each) / len(each)

    def pooled(self, state):
        shares = torch.softmax((torch.tanh(state @ self["pool.weight"]) @ self["pool.score"])[..., 0], -1)
        return (shares[..., None] * state).sum(-2), shares


def nce(anchor, positive, targets, weights):
    """Rows of weight 0 are nobody's negative."""
    a, p = F.normalize(anchor, dim=-1), F.normalize(positive, dim=-1)
    loss = 0
    for b in range(len(targets)):
        others = [j for j in range(len(targets)) if j == b or (targets[j] != targets[b] and weights[j] > 0)]
        logits = p[others] @ a[b] / TEMPERATURE
        loss = loss + weights[b] * (torch.logsumexp(logits, 0) - p[b] @ a[b] / TEMPERATURE)
    return loss / weights.sum()


def part(names=("id", "image", "text"), activation=F.gelu, plain_first=False, pretrain=False):
    # Two targets are one item, and two items lack a picture or a text.
    inputs = {
        "history": torch.tensor([[3, 1, 4, 1], [2, 6, 8, 0], [7, 9, 0, 0]]),
        "sources": torch.tensor([0, 1, 2, 3, 4, 5, 6, 8, 9, 0]),
        "targets": torch.tensor([1, 4, 1, 5, 6, 8, 3, 9, 4, 0]),
        "weights": torch.tensor([0.1, 0.05, 0.15, 0.1, 0.2, 0.05, 0.15, 0.1, 0.1, 0.0]),
    }
    for name in names[1:]:
        inputs |= content(name, (ITEMS, WIDTH), MISSING[name])
    model = M3srec(names, activation, plain_first)
    states, gates = model.read(inputs)
    everywhere = torch.zeros(B, L, len(names), D)
    for row, state in enumerate(states):
        everywhere[row, : len(state)] = state
    at_targets = everywhere.flatten(0, 1)[inputs["sources"]]
    tables = model.tables(inputs)
    if pretrain:
        each = []
        for m in range(len(names)):
            for name in names:
                weights = inputs["weights"] * (1 if name == "id" else inputs[f"item.{name}.present"][inputs["targets"]])
                each.append(nce(at_targets[:, m] @ model["match.weight"], tables[name][inputs["targets"]], inputs["targets"], weights))
        loss = sum(each) / len(each)
    else:
        loss = catalog_loss(model.pooled(at_targets)[0], sum(tables.values()), inputs["targets"], inputs["weights"])
    loss = loss + LAMBDA * model.balance(gates)
    unused = ("pool.weight", "pool.score") if pretrain else ("match.weight",)
    users, shares = model.pooled(everywhere)
    return {
        "inputs": arrays(inputs),
        "parameters": arrays(model.learned),
        "users": array(users),
        "shares": array(shares),
        "loss": scalar(loss),
        "gradients": gradients(loss, {name: x for name, x in model.learned.items() if name not in unused}),
    }


torch.manual_seed(31)
write(
    {
        "config": {
            "batch": B,
            "length": L,
            "hidden": D,
            "heads": HEADS,
            "items": ITEMS,
            "width": WIDTH,
            "experts": K,
            "pretrainTemperature": TEMPERATURE,
            "lambdaBalance": LAMBDA,
        },
        "pretrain": part(pretrain=True),
        "finetune": part(),
        "relu": part(names=("id", "text"), activation=torch.relu, plain_first=True),
    }
)

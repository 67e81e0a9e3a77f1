"""A tiny MB-STR in PyTorch, in the form of the published code, from the equations of the sheet: loss, gradients and scores for the parity test.

    "$PEER_PYTHON" tools/mb_str_fixture.py test/fixtures/mb-str.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

Every place is multiplied with the projections of its own behavior, every pair of places with the matrix of its own pair of behaviors: scores of all
pairs of behaviors are computed, [B, H, L, L, K K + 1], and each pair of places gathers its own; the last matrix is that of padding. The bias of a pair of
places is gathered likewise, from tables of 32 buckets of distances, found here by counting up. Matrices of pairs are sums of K base matrices by a softmax
over K. Then x = LN(x + out), x = LN(x + ffn_b(x)). Masked places go through three shared experts and one of their behavior, weighed by the softmax of x
G_b, y = x + LN(o), and y . E over all rows but the padding's and [MASK]'s.
`plain` has one attention, one feed-forward layer, no distances, and ends in relu(y W + b) with a bias of each item, a further column of E. No dropout.

The file, for `whole` and `plain`:
  config     batch B, length L, hidden D, heads, layers, behaviors K, shared experts, items (rows of E but [MASK]'s)
  inputs     by the names of the training graph's inputs; sources are the rows b * L + l of the masks, the last one is none
  parameters by the names that the model in this repository gives them; matrices multiply from the right, x @ W, W is [in, out]
  scores     [masks, items]
  attention  of the last mask's place in the last layer, mean over heads, [L]
  loss       one number
  gradients  of the loss, by the names of the parameters
"""

import math
import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from blocks import Layers, catalog_loss  # noqa: E402
from fixture import array, arrays, gradients, rounded, scalar, write  # noqa: E402

B, L, D, HEADS, LAYERS, K, SHARED, ITEMS = 3, 12, 4, 2, 2, 3, 2, 11
DK, MASK = D // HEADS, ITEMS
HISTORY = [
    [3, MASK, 4, 1, 5, MASK, 2, 7, 7, 8, 10, 6],
    [0, 0, 0, 0, 0, 0, 0, 0, MASK, 6, MASK, 8],
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7, MASK],
]
# 1 + the behavior of each place, 0 where there is none.
BEHAVIOR = [[1, 2, 3, 1, 2, 3, 1, 1, 2, 2, 3, 3], [0, 0, 0, 0, 0, 0, 0, 0, 3, 1, 2, 1], [0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 3]]
SOURCES, TARGETS, WEIGHTS = [1, 5, 20, 22, 35, 0], [1, 9, 2, 5, 10, 0], [0.3, 0.1, 0.2, 0.1, 0.3, 0.0]


def bucket(distance):
    """Sixteen buckets a side: 0 to 7, then eight that begin at 8 times the powers of the eighth root of 5."""
    away, found = abs(distance), 0
    if away < 8:
        found = away
    else:
        found = 8
        while found < 15 and away >= 8 * 5 ** ((found - 7) / 8):
            found += 1
    return found + (16 if distance > 0 else 0)


class MbStr(Layers):
    def __init__(self, whole):
        super().__init__()
        self.whole = whole
        kinds = K if whole else 1
        self.declare("item", ITEMS + 1, D if whole else D + 1)
        for at in range(LAYERS):
            name = f"block{at}"
            for part in ("query", "key", "value"):
                self.declare(f"{name}.attention.{part}", D, kinds * D)
            if whole:
                for part in ("scores", "values"):
                    self.declare(f"{name}.attention.{part}.base", HEADS, K, DK, DK, scale=0.7)
                    self.declare(f"{name}.attention.{part}.mix", HEADS, K * K, K, scale=0.7)
                self.declare(f"{name}.attention.bias", 32, K * K * HEADS, scale=0.7)
            inner = (D, 4 * D) if not whole else (K * D, 4 * D)
            self.declare(f"{name}.feedForward.inner.weight", *inner)
            self.declare(f"{name}.feedForward.inner.bias", *((K, 4 * D) if whole else (4 * D,)))
            self.declare(f"{name}.feedForward.outer.weight", 4 * D, kinds * D)
            self.declare(f"{name}.feedForward.outer.bias", *((K, D) if whole else (D,)))
            self.declare_norm(f"{name}.norm1", D)
            self.declare_norm(f"{name}.norm2", D)
        if whole:
            self.declare("head.expert.weight", D, (SHARED + K) * D)
            self.declare("head.expert.bias", SHARED + K, D)
            self.declare("head.gate", D, K * (SHARED + 1))
            self.declare_norm("head.norm", D)
        else:
            self.declare_linear("head", D, D)

    def matrices(self, name):
        """[K K + 1, H, dk, dk]: of every ordered pair, and zeros for padding."""
        base, mix = self[f"{name}.base"], torch.softmax(self[f"{name}.mix"], -1)
        pairs = torch.einsum("hnij,hpn->phij", base, mix)
        return torch.cat([pairs, torch.zeros(1, HEADS, DK, DK)])

    def attend(self, name, x, behavior):
        rows, length, _ = x.shape
        kinds = K if self.whole else 1
        # The pads' own: K K.
        pair = (behavior[:, :, None] - 1) * K + behavior[:, None, :] - 1
        pair[(behavior[:, :, None] == 0) | (behavior[:, None, :] == 0)] = K * K

        def heads(part):
            each = self[f"{name}.{part}"].view(D, kinds, HEADS, DK).movedim(1, 0)
            every = torch.einsum("bld,kdhe->kbhle", x, each)
            if not self.whole:
                return every[0]
            own = (behavior - 1).clamp(min=0)[None, :, None, :, None].expand(1, rows, HEADS, length, DK)
            return every.gather(0, own)[0]

        q, k, v = heads("query"), heads("key"), heads("value")
        if self.whole:
            every = torch.einsum("bhim,phmn,bhjn->bhijp", q, self.matrices(f"{name}.scores"), k)
            gathered = pair[:, None, :, :, None].expand(rows, HEADS, length, length, 1)
            scores = every.gather(4, gathered)[..., 0] / math.sqrt(DK)
            table = self[f"{name}.bias"].view(32, K * K, HEADS)
            table = torch.cat([table, torch.zeros(32, 1, HEADS)], 1)
            buckets = torch.tensor([[bucket(j - i) for j in range(length)] for i in range(length)])
            pictures = table[buckets].permute(3, 0, 1, 2)[None].expand(rows, HEADS, length, length, K * K + 1)
            scores = scores + pictures.gather(4, gathered)[..., 0]
        else:
            scores = q @ k.transpose(-1, -2) / math.sqrt(DK)
        hidden = (behavior[:, :, None] == 0) | (behavior[:, None, :] == 0)
        weights = torch.softmax(scores.masked_fill(hidden[:, None], -1e30), -1)
        if self.whole:
            chosen = F.one_hot(pair, K * K + 1).double()
            out = torch.einsum("bhij,bijp,phde,bhjd->bhie", weights, chosen, self.matrices(f"{name}.values"), v)
        else:
            out = weights @ v
        return out.transpose(1, 2).reshape(rows, length, D), weights

    def forward_by(self, name, x, behavior):
        if not self.whole:
            return self.affine(f"{name}.outer", torch.relu(self.affine(f"{name}.inner", x)))
        results = [torch.zeros_like(x)]
        for kind in range(K):
            inner = self[f"{name}.inner.weight"][kind * D : (kind + 1) * D]
            outer = self[f"{name}.outer.weight"][:, kind * D : (kind + 1) * D]
            h = torch.relu(x @ inner + self[f"{name}.inner.bias"][kind])
            results.append(h @ outer + self[f"{name}.outer.bias"][kind])
        return torch.einsum("kbld,blk->bld", torch.stack(results), F.one_hot(behavior, K + 1).double())

    def head(self, x, behavior):
        """Mask by mask."""
        if not self.whole:
            return torch.relu(self.affine("head", x))
        found = []
        for row, kind in zip(x, (behavior - 1).tolist()):
            gates = torch.softmax(row @ self["head.gate"][:, kind * (SHARED + 1) : (kind + 1) * (SHARED + 1)], 0)
            experts = [*range(SHARED), SHARED + kind]
            made = [row @ self["head.expert.weight"][:, e * D : (e + 1) * D] + self["head.expert.bias"][e] for e in experts]
            found.append(row + self.norm("head.norm", sum(g * o for g, o in zip(gates, made))))
        return torch.stack(found)

    def read(self, history, behavior):
        x = self["item"][history][..., :D]
        for at in range(LAYERS):
            out, weights = self.attend(f"block{at}.attention", x, behavior)
            x = self.norm(f"block{at}.norm1", x + out)
            x = self.norm(f"block{at}.norm2", x + self.forward_by(f"block{at}.feedForward", x, behavior))
        return x.flatten(0, 1), weights


def part(whole):
    model = MbStr(whole)
    history, behavior = torch.tensor(HISTORY), torch.tensor(BEHAVIOR)
    inputs = {"history": history, "sources": torch.tensor(SOURCES), "targets": torch.tensor(TARGETS), "weights": rounded(torch.tensor(WEIGHTS))}
    if whole:
        inputs["behavior"] = behavior
    hidden, weights = model.read(history, behavior)
    # The place of the target that is none has no weight and no mask.
    masks = inputs["sources"][:-1]
    users = model.head(hidden[masks], behavior.flatten()[masks])
    table = model["item"][:ITEMS]
    if not whole:
        users = torch.cat([users, torch.ones(len(users), 1)], 1)
    loss = catalog_loss(users, table, inputs["targets"][:-1], inputs["weights"][:-1])
    sizes = {"batch": B, "length": L, "hidden": D, "heads": HEADS, "layers": LAYERS, "behaviors": K, "shared": SHARED, "items": ITEMS}
    return {
        "config": sizes,
        "inputs": arrays(inputs),
        "parameters": arrays(model.learned),
        "scores": array(users @ table.T),
        "attention": array(weights[-1, :, -1].mean(0)),
        "loss": scalar(loss),
        "gradients": gradients(loss, model.learned),
    }


torch.manual_seed(31)
write({"whole": part(True), "plain": part(False)})

"""Time one training step of MB-STR in PyTorch, in the form of the published code: what `npm run -s bench -- mb-str-step` holds our own step against.

    "$PEER_PYTHON" tools/torch_mb_str_step.py --batch 64 --length 50 --hidden 64 --behaviors 2 --items 9125 --masks 10 --threads 1 --steps 6

PEER_PYTHON is any Python with torch (2.13 made the figures in docs/benchmarks.md).

The layers and parameters of `mb-str` in this repository at its defaults, without dropout, and Adam. Scores of all ordered pairs of behaviors are computed
for all pairs of places, and each pair of places gathers its own; so are biases of distances; values go through the matrices of all pairs and are chosen by
a one-hot of each pair of places; all places go through the feed-forward layers of all behaviors and take their own; masks go through all experts. Histories are full.

Prints one JSON line: median, minimum and maximum milliseconds of processor time of forward + backward + Adam, fp32.
"""

import argparse
import json
import math
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

p = argparse.ArgumentParser()
sizes = {"batch": 64, "length": 50, "hidden": 64, "heads": 2, "layers": 2, "behaviors": 2, "items": 9125, "masks": 10, "threads": 1, "steps": 6}
for name, default in sizes.items():
    p.add_argument("--" + name, type=int, default=default)
a = p.parse_args()
torch.set_num_threads(a.threads)
torch.manual_seed(0)
K, PAIRS, DK, SHARED, BUCKETS, FARTHEST = a.behaviors, a.behaviors**2 + 1, a.hidden // a.heads, 3, 32, 40


def buckets():
    distance = torch.arange(a.length)[None] - torch.arange(a.length)[:, None]
    away, side = distance.abs(), BUCKETS // 2
    shared = side // 2 + (torch.log(away.clamp(min=1) / (side // 2)) / math.log(FARTHEST / (side // 2)) * (side // 2)).long()
    return torch.where(distance > 0, side, 0) + torch.where(away < side // 2, away, shared.clamp(max=side - 1))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.projections = nn.Parameter(0.02 * torch.randn(3, K + 1, a.hidden, a.heads, DK))
        self.bases = nn.Parameter(torch.randn(2, K, a.heads, DK, DK))
        self.mixes = nn.Parameter(torch.randn(2, PAIRS, K, a.heads))
        self.bias = nn.Parameter(torch.randn(PAIRS, BUCKETS, a.heads))
        self.register_buffer("buckets", buckets())

    def matrices(self, part):
        return torch.einsum("khmn,pkh->phmn", self.bases[part], torch.softmax(self.mixes[part], 1))

    def forward(self, x, behavior, pair, hidden):
        own = F.one_hot(behavior, K + 1).float()
        q, k, v = (torch.einsum("bld,kdhe,blk->bhle", x, self.projections[part], own) for part in range(3))
        gathered = pair[:, None, :, :, None].expand(-1, a.heads, -1, -1, -1)
        every = torch.einsum("bhim,phmn,bhjn->bhijp", q, self.matrices(0), k)
        pictures = self.bias[:, self.buckets].permute(3, 1, 2, 0)[None].expand(len(x), -1, -1, -1, -1)
        scores = every.gather(4, gathered)[..., 0] / math.sqrt(DK) + pictures.gather(4, gathered)[..., 0]
        weights = torch.softmax(scores.masked_fill(hidden, -1e30), -1)
        chosen = F.one_hot(pair, PAIRS)[:, None].float().expand(-1, a.heads, -1, -1, -1)
        # From left to right, as einsum goes where nothing orders it, one product of all four is many times as slow.
        of_pairs = torch.einsum("bhjd,phde->bhjpe", v, self.matrices(1))
        out = torch.einsum("bhijp,bhjpe->bhie", weights[..., None] * chosen, of_pairs)
        return out.transpose(1, 2).reshape(x.shape)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = Attention()
        self.forwards = nn.ModuleList(
            nn.Sequential(nn.Linear(a.hidden, 4 * a.hidden), nn.ReLU(), nn.Linear(4 * a.hidden, a.hidden)) for _ in range(K)
        )
        self.norm1, self.norm2 = nn.LayerNorm(a.hidden), nn.LayerNorm(a.hidden)

    def forward(self, x, behavior, pair, hidden):
        x = self.norm1(x + self.attention(x, behavior, pair, hidden))
        made = torch.stack([torch.zeros_like(x)] + [each(x) for each in self.forwards])
        return self.norm2(x + torch.einsum("kbld,blk->bld", made, F.one_hot(behavior, K + 1).float()))


class MbStr(nn.Module):
    def __init__(self):
        super().__init__()
        self.items = nn.Embedding(a.items + 2, a.hidden, padding_idx=0)
        nn.init.normal_(self.items.weight, std=0.02)
        self.blocks = nn.ModuleList(Block() for _ in range(a.layers))
        self.experts = nn.ModuleList(nn.Linear(a.hidden, a.hidden) for _ in range(SHARED + K))
        self.gates = nn.Parameter(torch.randn(K, a.hidden, SHARED + 1))
        self.norm = nn.LayerNorm(a.hidden)

    def forward(self, item, behavior, masks):
        there = behavior > 0
        pair = ((behavior[:, :, None] - 1) * K + behavior[:, None]) * (there[:, :, None] & there[:, None])
        hidden = ~(there[:, :, None] & there[:, None])[:, None]
        x = self.items(item)
        for block in self.blocks:
            x = block(x, behavior, pair, hidden)
        x, own = x.flatten(0, 1)[masks], behavior.flatten()[masks]
        made = [expert(x) for expert in self.experts]
        gates = torch.softmax(torch.einsum("md,kde->mke", x, self.gates), -1)
        each = torch.stack([torch.stack([*made[:SHARED], made[SHARED + kind]]) for kind in range(K)])
        found = torch.einsum("kemd,mke,mk->md", each, gates, F.one_hot(own - 1, K).float())
        return (x + self.norm(found)) @ self.items.weight[: a.items + 1].T


model = MbStr()
optimizer = torch.optim.Adam(model.parameters(), 1e-3)
times = []
for step in range(a.steps + 3):
    item, behavior = 1 + torch.randint(a.items, (a.batch, a.length)), 1 + torch.randint(K, (a.batch, a.length))
    masks = (torch.rand(a.batch, a.length).argsort(1)[:, : a.masks] + a.length * torch.arange(a.batch)[:, None]).flatten()
    targets = item.flatten()[masks]
    item.view(-1)[masks] = a.items + 1
    start = time.process_time()
    optimizer.zero_grad(set_to_none=True)
    F.cross_entropy(model(item, behavior, masks), targets).backward()
    optimizer.step()
    if step >= 3:
        times.append(1e3 * (time.process_time() - start))
found = {"median_ms": round(statistics.median(times), 2), "min_ms": round(min(times), 2), "max_ms": round(max(times), 2)}
print(json.dumps({**vars(a), "torch": torch.__version__, **found}))

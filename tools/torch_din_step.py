"""Time one training step of DIN in PyTorch: the figure that `npm run -s bench -- din-step` holds our own step against.

    "$PEER_PYTHON" tools/torch_din_step.py --batch 1024 --length 50 --width 64 --items 100000 --users 10000 --threads 2 --steps 10

PEER_PYTHON is any Python with torch (2.13 made the figures in docs/benchmarks.md).

The layers and parameters of `din` alone in this repository: embeddings of items and users, the activation unit (PReLU, hidden 64 and 32), the
weighted sum, an MLP (PReLU, hidden 128 and 64) over interest, candidate and user; the log loss, and Adam.
  --unit printed   the unit's first layer reads [h, t, h - t, h * t] side by side, as the paper has it and as it is usually written
  --unit split     its four parts are multiplied apart, as ours are
  --tables sparse  gradients of the tables are the rows that were read, which SparseAdam updates, as ours are
  --tables dense   one Adam for everything
Histories are full, and items are drawn with a long tail: floor(items * u^3).

Prints one JSON line: median, minimum and maximum milliseconds of forward + backward + Adam, fp32.
"""

import argparse
import json
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

p = argparse.ArgumentParser()
sizes = {"batch": 1024, "length": 50, "width": 64, "attention": 64, "hidden": 128, "items": 100_000, "users": 10_000, "threads": 2, "steps": 10}
for name, default in sizes.items():
    p.add_argument("--" + name, type=int, default=default)
p.add_argument("--unit", choices=["printed", "split"], default="split")
p.add_argument("--tables", choices=["sparse", "dense"], default="dense")
a = p.parse_args()
torch.set_num_threads(a.threads)
torch.manual_seed(0)


class Unit(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4 * a.width, a.attention)
        self.rest = nn.Sequential(
            nn.PReLU(a.attention), nn.Linear(a.attention, a.attention // 2), nn.PReLU(a.attention // 2), nn.Linear(a.attention // 2, 1)
        )

    def forward(self, h, t):
        t = t[:, None]
        if a.unit == "printed":
            wide = t.expand_as(h)
            x = self.first(torch.cat([h, wide, h - wide, h * wide], -1))
        else:
            of_h, of_t, of_difference, of_product = self.first.weight.split(a.width, 1)
            x = F.linear(h, of_h + of_difference) + F.linear(h * t, of_product) + F.linear(t, of_t - of_difference, self.first.bias)
        # nn.PReLU takes the second axis for its channels.
        return self.rest(x.flatten(0, 1)).view(h.shape[:2])


class Din(nn.Module):
    def __init__(self):
        super().__init__()
        self.items = nn.Embedding(a.items + 2, a.width, sparse=a.tables == "sparse")
        self.users = nn.Embedding(a.users + 2, a.width, sparse=a.tables == "sparse")
        for table in (self.items, self.users):
            nn.init.normal_(table.weight, std=0.01)
        self.unit = Unit()
        half = a.hidden // 2
        self.output = nn.Sequential(
            nn.Linear(3 * a.width, a.hidden), nn.PReLU(a.hidden), nn.Linear(a.hidden, half), nn.PReLU(half), nn.Linear(half, 1)
        )

    def forward(self, user, item, history, mask):
        h, t = self.items(history), self.items(item)
        weights = self.unit(h, t) * mask
        interest = (weights[:, None] @ h).squeeze(1)
        return self.output(torch.cat([interest, t, self.users(user)], -1)).squeeze(1)


model = Din()
tables = [model.items.weight, model.users.weight]
others = [parameter for parameter in model.parameters() if all(parameter is not table for table in tables)]
if a.tables == "sparse":
    optimizers = [torch.optim.SparseAdam(tables, 1e-3), torch.optim.Adam(others, 1e-3)]
else:
    optimizers = [torch.optim.Adam(model.parameters(), 1e-3)]


def drawn(*shape):
    return 2 + (a.items * torch.rand(shape) ** 3).long()


mask = torch.ones(a.batch, a.length)
times = []
for step in range(a.steps + 3):
    user, item, history = 2 + torch.randint(a.users, (a.batch,)), drawn(a.batch), drawn(a.batch, a.length)
    label = torch.randint(2, (a.batch,)).float()
    start = time.perf_counter()
    for optimizer in optimizers:
        optimizer.zero_grad(set_to_none=True)
    F.binary_cross_entropy_with_logits(model(user, item, history, mask), label).backward()
    for optimizer in optimizers:
        optimizer.step()
    if step >= 3:
        times.append(1e3 * (time.perf_counter() - start))
found = {"median_ms": round(statistics.median(times), 2), "min_ms": round(min(times), 2), "max_ms": round(max(times), 2)}
print(json.dumps({**vars(a), "torch": torch.__version__, **found}))

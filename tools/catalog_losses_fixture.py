"""The losses for large catalogs in PyTorch: values and gradients for the parity test.

    "$PEER_PYTHON" tools/catalog_losses_fixture.py test/fixtures/catalog-losses.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

There are P users' vectors, a table of V items and the pad's row 0, and for each user a target and a weight; the last user
only fills up, with weight 0. Written from the papers, in loops over users where that is plainer:
  sampled.uniform     -s_y + log(e^s_y + sum over drawn j != y of e^(s_j - log(N / V))), N drawn items
  sampled.popularity  the same with log(N q_j), q the share of item j
  sampled.mixed       drawn items and as many targets, those of users floor(i P / N) of weight above 0; j is expected
                      N / V + m (n - 1) / n q_j times, m of these targets having such a weight, and n of all targets
  gbce                -(beta log sigma(s_y) + sum over drawn j != y of log(1 - sigma(s_j))) / (N + 1),
                      beta = alpha (t (1 - 1 / alpha) + 1 / alpha), alpha = N / (V - 1)
  sce                 buckets B = mix @ users; of each the users and the items of largest product; cross-entropy of a user's
                      target and the bucket's items but the target; the largest over buckets; the weighted mean of the users
                      that are in one

The file:
  config      P, D, V, N, calibration t, users and items of a bucket
  inputs      targets [P], weights [P], drawn [N], share [V + 1], mix [buckets, P]
  parameters  hidden [P, D], table [V + 1, D]
  losses      by name: loss, gradients of hidden and of table
"""

import math
import sys

import torch

sys.dont_write_bytecode = True
from fixture import arrays, drawn, rounded, scalar, write  # noqa: E402

P, D, V, N, T, BUCKETS, USERS, ITEMS = 7, 4, 12, 5, 0.75, 3, 4, 5

torch.manual_seed(7)
hidden, table = drawn(P, D), drawn(V + 1, D)
targets = torch.tensor([3, 9, 3, 12, 1, 7, 0])
weights = rounded(torch.tensor([0.3, 0.1, 0.15, 0.2, 0.15, 0.1, 0.0]))
sample = torch.tensor([9, 4, 11, 3, 6])
counts = torch.tensor([0.0, 1, 2, 9, 4, 1, 3, 2, 1, 5, 1, 2, 3])
share = rounded(counts / counts.sum())
mix = rounded(torch.randn(BUCKETS, P))
scores = hidden @ table.T


def sampled(log_expected, beside=()):
    total = 0
    for p in [p for p in range(P) if weights[p] > 0]:
        compared = list(sample) + [targets[q] for q in beside]
        terms = [scores[p, targets[p]]] + [scores[p, j] - log_expected(j) for j in compared if j != targets[p]]
        total = total + weights[p] * (torch.logsumexp(torch.stack(terms), 0) - scores[p, targets[p]])
    return total


def gbce():
    alpha = N / (V - 1)
    beta = alpha * (T * (1 - 1 / alpha) + 1 / alpha)
    total = 0
    for p in range(P):
        terms = beta * torch.log(torch.sigmoid(scores[p, targets[p]]))
        for j in sample:
            if j != targets[p]:
                terms = terms + torch.log(1 - torch.sigmoid(scores[p, j]))
        total = total - weights[p] * terms / (N + 1)
    return total


def sce():
    with torch.no_grad():
        used = weights > 0
        buckets = (mix * used) @ hidden
        users = torch.topk((buckets @ hidden.T).masked_fill(~used, -math.inf), USERS).indices
        items = 1 + torch.topk(buckets @ table[1:].T, ITEMS).indices
    best = {}
    for b in range(BUCKETS):
        for p in users[b].tolist():
            others = [j for j in items[b].tolist() if j != targets[p]]
            terms = torch.stack([scores[p, targets[p]]] + [scores[p, j] for j in others])
            loss = torch.logsumexp(terms, 0) - scores[p, targets[p]]
            if p not in best or loss > best[p]:
                best[p] = loss
    return sum(weights[p] * loss for p, loss in best.items()) / sum(weights[p] for p in best)


n = int((weights > 0).sum())
taken = [p for p in (i * P // N for i in range(N)) if weights[p] > 0]
m = len(taken)
losses = {
    "sampled.uniform": sampled(lambda j: math.log(N / V)),
    "sampled.popularity": sampled(lambda j: torch.log(N * share[j])),
    "sampled.mixed": sampled(lambda j: torch.log(N / V + m * (n - 1) / n * share[j]), beside=taken),
    "gbce": gbce(),
    "sce": sce(),
}
leaves = {"hidden": hidden, "table": table}


def told(loss):
    slopes = torch.autograd.grad(loss, list(leaves.values()), retain_graph=True)
    return {"loss": scalar(loss), "gradients": arrays(dict(zip(leaves, slopes)))}


write(
    {
        "config": {"P": P, "D": D, "V": V, "N": N, "calibration": T, "users": USERS, "items": ITEMS},
        "inputs": arrays({"targets": targets, "weights": weights, "drawn": sample, "share": share, "mix": mix}),
        "parameters": arrays(leaves),
        "losses": {name: told(loss) for name, loss in losses.items()},
    }
)

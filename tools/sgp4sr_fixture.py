"""A tiny SGP4SR in PyTorch, straight from the equations: weights, inputs, losses and gradients for the parity test.

    "$PEER_PYTHON" tools/sgp4sr_fixture.py test/fixtures/sgp4sr.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository). R-xx: the rules of docs/papers.md.

The model: two modalities and the id stream, each X = A E (eq. 4; A row-normalized), h = norm(s X[history] + P) (eq. 5-6, no dropout), then
`layers` causal post-norm blocks as in sasrec_fixture.py (eq. 7). Centers begin as C X (eq. 8-9); layer l, with the stream's W_q, W_k, W_v of
its block l but no biases, lets them attend to the stream's states before block l up to the target's position, scores scaled by
1 / sqrt(d / heads), then sigmoid((g U W_1 + b_1) W_2 + b_2) (eq. 10-14). Every position is a target of its own, computed one by one. Eq. 15 is
softmax((state . center + gumbel) / temperature); eq. 16-22 as printed, each loss a weighted mean of -log softmax over the rows of its table but row 0.
Two readings: `printed`, where s = 1; `residual`, where s = sqrt(d), centers begin as norm(C X) with the stream's own normalization, and a layer
is a normalization of (centers + what is above) without scale and shift.

The file:
  config     batch B, length L, hidden d, heads, layers, items (rows of the tables, row 0 being the padding), centers k, alpha (the image's), alphaText, rho (the
             image's; the text has 1 - rho), temperature
  inputs     history, targets [B, L], weights [B, L] (1, or 0 at padding; divide by their sum); graph.{id,image,text} [items, items];
             centers.{image,text} [k, items]; gumbel.{image,text} [B, L, k]
  parameters by the names that the model in this repository gives them; matrices multiply from the right, x @ W, W is [in, out]
  readings   for each: `losses` multimodal (L_s), image, text, and the total of eq. 21; `gradients` of the total, by parameter name
"""

import math
import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from fixture import arrays, gradients, rounded, scalar, write  # noqa: E402

B, L, D, HEADS, LAYERS, ITEMS, K = 3, 5, 4, 2, 2, 9, 3
ALPHA, RHO, TEMPERATURE = {"image": 0.5, "text": 0.8}, 0.3, 0.7
STREAMS = ("id", "image", "text")
MODALITIES = {"image": RHO, "text": 1 - RHO}

torch.manual_seed(5)
learned = {}


def declare(name, *shape, center=0.0):
    learned[name] = rounded(center + (0.6 if len(shape) == 2 else 0.2) * torch.randn(*shape)).requires_grad_()


def declare_norm(name):
    declare(f"{name}.scale", D, center=1.0)
    declare(f"{name}.shift", D)


declare("item", ITEMS, D)
declare("position", L, D)
for stream in STREAMS:
    declare_norm(f"stream.{stream}.norm")
    for layer in range(LAYERS):
        block = f"stream.{stream}.block{layer}"
        for part, sizes in {
            "attention.query": (D, D),
            "attention.key": (D, D),
            "attention.value": (D, D),
            "attention.output": (D, D),
            "feedForward.inner": (D, 4 * D),
            "feedForward.outer": (4 * D, D),
        }.items():
            declare(f"{block}.{part}.weight", *sizes)
            declare(f"{block}.{part}.bias", sizes[1])
        declare_norm(f"{block}.norm1")
        declare_norm(f"{block}.norm2")
for modality in MODALITIES:
    for layer in range(LAYERS):
        for part in ("output", "inner", "outer"):
            declare(f"centers.{modality}.layer{layer}.{part}", D, D)
        for part in ("inner", "outer"):
            declare(f"centers.{modality}.layer{layer}.{part}.bias", D)


def affine(name, x):
    return x @ learned[f"{name}.weight"] + learned[f"{name}.bias"]


def norm(name, x):
    return F.layer_norm(x, (D,), learned[f"{name}.scale"], learned[f"{name}.shift"], 1e-5)


def heads_of(x):
    return x.view(*x.shape[:-1], HEADS, D // HEADS).transpose(-2, -3)


def joined(x):
    return x.transpose(-2, -3).flatten(-2)


def apply_block(name, x):
    q, k, v = (heads_of(affine(f"{name}.attention.{part}", x)) for part in ("query", "key", "value"))
    hidden = torch.full((L, L), -1e9).triu(1)
    attended = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(D / HEADS) + hidden, -1) @ v
    x = norm(f"{name}.norm1", x + affine(f"{name}.attention.output", joined(attended)))
    return norm(f"{name}.norm2", x + affine(f"{name}.feedForward.outer", F.gelu(affine(f"{name}.feedForward.inner", x))))


def states_of(stream, table, history, scale):
    """The states before each block, and after the last."""
    states = [norm(f"stream.{stream}.norm", scale * table[history] + learned["position"])]
    for layer in range(LAYERS):
        states.append(apply_block(f"stream.{stream}.block{layer}", states[-1]))
    return states


def centers_at(modality, start, seen, residual):
    """The centers of one user who has seen, before each block, the states `seen` [t, d] up to the target's position."""
    centers = norm(f"stream.{modality}.norm", start) if residual else start
    for layer in range(LAYERS):
        q, k, v = (learned[f"stream.{modality}.block{layer}.attention.{part}.weight"] for part in ("query", "key", "value"))
        name = f"centers.{modality}.layer{layer}"
        scores = heads_of(centers @ q) @ heads_of(seen[layer] @ k).transpose(-1, -2) / math.sqrt(D / HEADS)
        g = joined(torch.softmax(scores, -1) @ heads_of(seen[layer] @ v)) @ learned[f"{name}.output"]
        inner = g @ learned[f"{name}.inner"] + learned[f"{name}.inner.bias"]
        attended = torch.sigmoid(inner @ learned[f"{name}.outer"] + learned[f"{name}.outer.bias"])
        centers = F.layer_norm(centers + attended, (D,), eps=1e-5) if residual else attended
    return centers


def own_vectors(modality, states, start, gumbel, residual):
    """Eq. 15-16 at every position."""
    rows = []
    for user in range(B):
        for at in range(L):
            centers = centers_at(modality, start, [layer[user, : at + 1] for layer in states[:-1]], residual)
            state = states[-1][user, at]
            chosen = torch.softmax((centers @ state + gumbel[user, at]) / TEMPERATURE, -1) @ centers
            rows.append(state + ALPHA[modality] * chosen)
    return torch.stack(rows).view(B, L, D)


def graph():
    """Each row the mean of a few items; the padding's is empty."""
    chosen = torch.rand(ITEMS, ITEMS) < 0.35
    chosen.fill_diagonal_(True)
    chosen[0], chosen[:, 0] = False, False
    return rounded(chosen.double() / chosen.sum(1, keepdim=True).clamp(min=1))


def clusters():
    """One item, the last, belongs to no cluster: it lacks the modality."""
    members = F.one_hot(torch.arange(ITEMS) % K, K).T.double()
    members[:, 0], members[:, -1] = 0, 0
    return rounded(members / members.sum(1, keepdim=True))


history = torch.tensor([[3, 1, 4, 1, 5], [2, 6, 5, 0, 0], [7, 8, 2, 8, 0]])
targets = torch.tensor([[1, 4, 1, 5, 2], [6, 5, 3, 0, 0], [8, 2, 8, 1, 0]])
weights = (history > 0).double()
graphs = {stream: graph() for stream in STREAMS}
starts = {modality: clusters() for modality in MODALITIES}
gumbels = {modality: rounded(-torch.log(-torch.log(torch.rand(B, L, K)))) for modality in MODALITIES}


def loss_of(vectors, table):
    scores = (vectors @ table[1:].T).flatten(0, 1)
    losses = F.cross_entropy(scores, (targets - 1).clamp(min=0).flatten(), reduction="none")
    return (losses * weights.flatten()).sum() / weights.sum()


def reading(residual):
    item = learned["item"]
    tables = {stream: matrix @ item for stream, matrix in graphs.items()}
    states = {stream: states_of(stream, tables[stream], history, math.sqrt(D) if residual else 1) for stream in STREAMS}
    fused = states["id"][-1] + sum(rho * states[modality][-1] for modality, rho in MODALITIES.items())
    losses = {"multimodal": loss_of(fused, item)}
    for modality in MODALITIES:
        own = own_vectors(modality, states[modality], starts[modality] @ tables[modality], gumbels[modality], residual)
        losses[modality] = loss_of(own, tables[modality])
    total = losses["multimodal"] + sum(rho * losses[modality] for modality, rho in MODALITIES.items())
    return {
        "losses": {name: scalar(loss) for name, loss in {**losses, "total": total}.items()},
        "gradients": gradients(total, learned),
    }


write(
    {
        "config": {
            "batch": B,
            "length": L,
            "hidden": D,
            "heads": HEADS,
            "layers": LAYERS,
            "items": ITEMS,
            "centers": K,
            "alpha": ALPHA["image"],
            "alphaText": ALPHA["text"],
            "rho": RHO,
            "temperature": TEMPERATURE,
        },
        "inputs": arrays(
            {
                "history": history,
                "targets": targets,
                "weights": weights,
                **{f"graph.{stream}": matrix for stream, matrix in graphs.items()},
                **{f"centers.{modality}": matrix for modality, matrix in starts.items()},
                **{f"gumbel.{modality}": noise for modality, noise in gumbels.items()},
            }
        ),
        "parameters": arrays(learned),
        "readings": {"printed": reading(False), "residual": reading(True)},
    }
)

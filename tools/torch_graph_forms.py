"""The models of the next item that read graphs of items and users, in plain PyTorch; see torch_sequence_forms.py. A graph is a sparse matrix in compressed rows."""

import math

import torch
from torch.nn import functional as F

from torch_sequence_forms import block, causal, softmax_loss

MODALITIES = ("image", "text")


def interests(m, name, start, memories, states):
    """Of SGP4SR: the centers of a modality follow the history up to each place, and each place chooses among them, [B, L, D]."""
    o, (rows, length, width) = m.options, states.shape
    heads, count = o["heads"], o["centers"]
    ahead = torch.triu(torch.full((length, length), -1e9), 1).repeat_interleave(count, 0)

    def split(x):
        return x.view(len(x), -1, heads, width // heads).transpose(1, 2)

    centers = m.norm(f"stream.{name}.norm", start).repeat(length, 1).expand(rows, -1, -1)
    for layer, memory in enumerate(memories):
        matrices = (m[f"stream.{name}.block{layer}.attention.{part}.weight"] for part in ("query", "key", "value"))
        q, k, v = (split(x @ matrix) for x, matrix in zip((centers, memory, memory), matrices))
        found = F.scaled_dot_product_attention(q, k, v, attn_mask=ahead).transpose(1, 2).flatten(2)
        at = f"centers.{name}.layer{layer}"
        inner = found @ m[f"{at}.output"] @ m[f"{at}.inner"] + m[f"{at}.inner.bias"]
        attended = torch.sigmoid(inner @ m[f"{at}.outer"] + m[f"{at}.outer.bias"])
        centers = F.layer_norm(centers + attended, (width,))
    offered = centers.view(rows, length, count, width)
    nearness = (offered @ states[..., None])[..., 0]
    weights = torch.softmax((nearness + m.gumbel(nearness.shape)) / o["temperature"], -1)
    return (weights[..., None, :] @ offered)[..., 0, :]


def sgp4sr(m):
    o, history = m.options, m.batch["history"]
    items, length = m["item"], history.shape[1]
    hidden, scale = causal(length), math.sqrt(o["hiddenSize"])
    rhos = {"image": o["rho"], "text": 1 - o["rho"]}

    def stream(name):
        table = torch.sparse.mm(m.sparse(f"graph.{name}.forward", len(items)), items)
        x = scale * m.rows(table, history) + m["position"][:length]
        states = [m.drop(m.norm(f"stream.{name}.norm", x), o["dropout"])]
        for layer in range(o["layers"]):
            states.append(block(m, f"stream.{name}.block{layer}", states[-1], hidden, o["heads"], o["dropout"]))
        return table, states

    def at_targets(x):
        return F.embedding(m.batch["places"], x.flatten(0, 1))

    fused, loss = 0, 0
    for name in MODALITIES:
        table, states = stream(name)
        fused = fused + rhos[name] * states[-1]
        chosen = interests(m, name, m[f"centers.{name}"] @ table, states[:-1], states[-1])
        alpha = o.get("alphaText", o["alpha"]) if name == "text" else o["alpha"]
        loss = loss + rhos[name] * softmax_loss(m, at_targets(states[-1] + alpha * chosen), table)
    _, states = stream("id")
    return loss + softmax_loss(m, at_targets(fused + states[-1]), items)


forms = {"sgp4sr": sgp4sr}

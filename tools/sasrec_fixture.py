"""A tiny SASRec in PyTorch: weights, inputs, hidden states, loss and gradients for the parity test.

    "$PEER_PYTHON" tools/sasrec_fixture.py test/fixtures/sasrec.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

The model: item embedding + learned positions, layer normalization, then `layers` post-norm blocks; no dropout. A block is
x = norm1(x + o(attention(q(x), k(x), v(x)))), x = norm2(x + f2(gelu(f1(x)))), with exact GELU, f1 from d to 4d, biases
everywhere, epsilon 1e-5, attention causal, scaled by 1 / sqrt(d / heads), heads side by side in the last axis.
The loss: mean over the positions of weight 1 of -log softmax(hidden @ items^T)[target], over the rows of the table but row 0, the padding's.

The file:
  config     batch B, length L, hidden d, heads, layers, items (rows of the table, row 0 being the padding)
  inputs     history [B, L], targets [B, L] (the next item), weights [B, L] (1, or 0 at padding; divide by their sum).
             Histories start at position 0; what follows a shorter one is item 0 with target 0 and weight 0.
  parameters as in torch's state_dict. Linear layers compute x @ W^T + b: W is [out, in], to be transposed for x @ W.
             items.weight [items, d], positions [L, d], norm.weight (scale) [d], norm.bias (shift) [d],
             blocks.N.{q,k,v,o}.{weight,bias}, blocks.N.f1 [4d, d], blocks.N.f2 [d, 4d], blocks.N.{n1,n2}.{weight,bias}
  hidden     [B, L, d]: the output of the last block, padded positions too
  loss       one number
  gradients  of the loss, by parameter name; items.weight sums its uses as input and as output table
"""

import math
import sys

import torch
from torch import nn
from torch.nn import functional as F

sys.dont_write_bytecode = True
from fixture import array, arrays, rounded, scalar, write  # noqa: E402

B, L, D, HEADS, LAYERS, ITEMS = 3, 6, 8, 2, 2, 11


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(D, D) for _ in range(4))
        self.f1, self.f2 = nn.Linear(D, 4 * D), nn.Linear(4 * D, D)
        self.n1, self.n2 = nn.LayerNorm(D), nn.LayerNorm(D)

    def forward(self, x, mask):
        def split(t):
            return t.view(B, L, HEADS, D // HEADS).transpose(1, 2)

        q, k, v = split(self.q(x)), split(self.k(x)), split(self.v(x))
        weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(D / HEADS) + mask, -1)
        x = self.n1(x + self.o((weights @ v).transpose(1, 2).reshape(B, L, D)))
        return self.n2(x + self.f2(F.gelu(self.f1(x))))


class SASRec(nn.Module):
    def __init__(self):
        super().__init__()
        self.items = nn.Embedding(ITEMS, D)
        self.positions = nn.Parameter(torch.zeros(L, D))
        self.norm = nn.LayerNorm(D)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))

    def forward(self, history):
        mask = torch.full((L, L), -1e9).triu(1)
        x = self.norm(self.items(history) + self.positions)
        for block in self.blocks:
            x = block(x, mask)
        return x


torch.manual_seed(1)
model = SASRec()
with torch.no_grad():
    for name, parameter in model.named_parameters():
        # Large enough that every path tells: torch's own first values leave attention nearly uniform.
        is_scale = name.endswith(("norm.weight", "n1.weight", "n2.weight"))
        parameter.copy_(rounded((1 if is_scale else 0) + (0.5 if parameter.ndim == 2 else 0.2) * torch.randn(parameter.shape)))

history = torch.tensor([[3, 1, 4, 1, 5, 9], [2, 6, 5, 3, 5, 8], [7, 10, 2, 0, 0, 0]])
targets = torch.tensor([[1, 4, 1, 5, 9, 2], [6, 5, 3, 5, 8, 10], [10, 2, 7, 0, 0, 0]])
weights = (history > 0).double()
hidden = model(history)
scores = (hidden @ model.items.weight[1:].T).flatten(0, 1)
losses = F.cross_entropy(scores, (targets - 1).clamp(min=0).flatten(), reduction="none")
loss = (losses * weights.flatten()).sum() / weights.sum()
loss.backward()

write(
    {
        "config": {"batch": B, "length": L, "hidden": D, "heads": HEADS, "layers": LAYERS, "items": ITEMS},
        "inputs": arrays({"history": history, "targets": targets, "weights": weights}),
        "parameters": arrays(model.state_dict()),
        "hidden": array(hidden),
        "loss": scalar(loss),
        "gradients": arrays({name: parameter.grad for name, parameter in model.named_parameters()}),
    }
)

"""Layers of the fixtures in PyTorch, by the names of parameters that this repository gives them; matrices multiply from the right, x @ W."""

import math

import torch
from torch.nn import functional as F

from fixture import rounded


class Layers:
    """Learned arrays by name, and what is computed with them."""

    def __init__(self, linear=None, epsilon=1e-5):
        """linear: the scale of linear layers' weights, 0.5 by default as of other matrices."""
        self.learned, self.linear, self.epsilon = {}, linear, epsilon

    def declare(self, name, *shape, center=0.0, scale=None):
        scale = scale or (0.5 if len(shape) == 2 else 0.2)
        self.learned[name] = rounded(center + scale * torch.randn(*shape)).requires_grad_()

    def declare_linear(self, name, fan_in, fan_out):
        self.declare(f"{name}.weight", fan_in, fan_out, scale=self.linear)
        self.declare(f"{name}.bias", fan_out)

    def declare_norm(self, name, width):
        self.declare(f"{name}.scale", width, center=1.0)
        self.declare(f"{name}.shift", width)

    def declare_block(self, name, width):
        for part in ("query", "key", "value", "output"):
            self.declare_linear(f"{name}.attention.{part}", width, width)
        self.declare_linear(f"{name}.feedForward.inner", width, 4 * width)
        self.declare_linear(f"{name}.feedForward.outer", 4 * width, width)
        self.declare_norm(f"{name}.norm1", width)
        self.declare_norm(f"{name}.norm2", width)

    def __getitem__(self, name):
        return self.learned[name]

    def affine(self, name, x):
        return x @ self[f"{name}.weight"] + self[f"{name}.bias"]

    def norm(self, name, x):
        return F.layer_norm(x, x.shape[-1:], self[f"{name}.scale"], self[f"{name}.shift"], self.epsilon)

    def block(self, name, x, heads, activation=F.gelu):
        """Causal, post-norm; x [B, L, D]."""
        rows, length, width = x.shape

        def split(t):
            return t.view(rows, length, heads, width // heads).transpose(1, 2)

        q, k, v = (split(self.affine(f"{name}.attention.{part}", x)) for part in ("query", "key", "value"))
        ahead = torch.full((length, length), -1e9).triu(1)
        attended = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(width / heads) + ahead, -1) @ v
        merged = attended.transpose(1, 2).reshape(rows, length, width)
        x = self.norm(f"{name}.norm1", x + self.affine(f"{name}.attention.output", merged))
        inner = activation(self.affine(f"{name}.feedForward.inner", x))
        return self.norm(f"{name}.norm2", x + self.affine(f"{name}.feedForward.outer", inner))


def catalog_loss(users, table, targets, weights):
    """The sum of weights times -log softmax(u @ table^T)[target] over the rows of the table but row 0, the padding's."""
    losses = F.cross_entropy(users @ table[1:].T, (targets - 1).clamp(min=0), reduction="none")
    return (losses * weights).sum()

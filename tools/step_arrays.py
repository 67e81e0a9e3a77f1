"""What the forms of torch_steps.py are written with: a step's arrays by name, layers over them, and noise."""

import math

import torch
from torch.nn import functional as F

from blocks import Layers


class StepArrays(Layers):
    """The parameters of Layers, the batch, what is known of items, noise and the model's options."""

    def __init__(self, read, trains, options):
        super().__init__()
        for name in trains:
            read[name].requires_grad_()
        self.learned = {name: x for name, x in read.items() if not name.startswith(("batch.", "noise."))}
        self.batch = {name.removeprefix("batch."): x for name, x in read.items() if name.startswith("batch.")}
        noises = sorted((name for name in read if name.startswith("noise.")), key=lambda name: int(name[6:]))
        self.noises, self.replays, self.options, self.matrices = [read[name] for name in noises], True, options, {}

    def __contains__(self, name):
        return name in self.learned

    def draw_noise(self):
        """The first step reads the noise of the file; from now on it is drawn in the step, as PyTorch's users do."""
        if self.noises:
            raise ValueError(f"{len(self.noises)} noises were not read")
        self.replays = False

    def replayed(self, shape):
        noise = self.noises.pop(0)
        if noise.numel() != math.prod(shape):
            raise ValueError(f"noise is {list(noise.shape)}, not {list(shape)}")
        return noise.view(shape)

    def drop(self, x, rate):
        if rate == 0:
            return x
        return x * self.replayed(x.shape) if self.replays else F.dropout(x, rate)

    def normal(self, shape):
        return self.replayed(shape) if self.replays else torch.randn(shape)

    def gumbel(self, shape):
        return self.replayed(shape) if self.replays else -torch.empty(shape).exponential_().log()

    def entries(self, name, part):
        """Rows, columns and values of a constant sparse matrix, and its number of rows: the file holds rows of similar length together, padded with zeros."""
        rows, columns, values, first = [], [], [], 0
        while f"{name}.{len(rows)}.ids" in self:
            group = f"{name}.{len(rows)}"
            count, width = self[f"{group}.ids"].shape
            rows.append(torch.arange(first, first + count).repeat_interleave(width))
            columns.append(self[f"{group}.ids"].flatten())
            values.append(self[f"{group}.{part}"].flatten())
            first += count
        rows, columns, values = (torch.cat(parts) for parts in (rows, columns, values))
        if f"{name}.order" in self:
            rows = self[f"{name}.order"].argsort()[rows]
        there = values != 0
        return rows[there], columns[there], values[there], first

    def sparse(self, name, columns):
        """A constant matrix in compressed rows, made once."""
        if name not in self.matrices:
            rows, ids, weights, count = self.entries(name, "weights")
            self.matrices[name] = torch.sparse_coo_tensor(torch.stack([rows, ids]), weights, (count, columns)).to_sparse_csr()
        return self.matrices[name]

    def edges(self, name):
        """Users and items of a graph's edges, [2, E], users ascending; made once."""
        if name not in self.matrices:
            rows, columns, numbers, _ = self.entries(f"{name}.forward", "edges")
            self.matrices[name] = torch.stack([rows, columns])[:, numbers.argsort()]
        return self.matrices[name]

    def rows(self, table, ids):
        """Rows of a table by its name, or of a computed one."""
        return F.embedding(ids, self[table] if isinstance(table, str) else table)

    def affine(self, name, x):
        return F.linear(x, self[f"{name}.weight"].T, self.learned.get(f"{name}.bias"))

    def activated(self, name, x):
        """PReLU where a slope is learned, else ReLU; nn.PReLU takes the second axis for its channels."""
        slope = self.learned.get(f"{name}.slope")
        return F.relu(x) if slope is None else F.prelu(x.flatten(0, -2), slope).view(x.shape)

    def mlp(self, name, x, drop=0.0):
        at = 0
        while f"{name}.{at + 1}.weight" in self:
            x = self.drop(self.activated(f"{name}.{at}", self.affine(f"{name}.{at}", x)), drop)
            at += 1
        return self.affine(f"{name}.{at}", x)

    def attend(self, name, query, memory, heads, hidden=None, drop=0.0, keep=None):
        """query [B, Q, D], memory [B, L, D] -> [B, Q, D]; hidden, broadcast to [B, H, Q, L], is added to the scores, and keep multiplies the weights."""
        rows, width = query.shape[0], query.shape[2]

        def split(x):
            return x.view(rows, -1, heads, width // heads).transpose(1, 2)

        q, k, v = (split(self.affine(f"{name}.{part}", x)) for part, x in (("query", query), ("key", memory), ("value", memory)))
        if drop == 0 and keep is None:
            found = F.scaled_dot_product_attention(q, k, v, attn_mask=hidden)
        else:
            scores = q @ k.transpose(-1, -2) / math.sqrt(width // heads)
            weights = torch.softmax(scores if hidden is None else scores + hidden, -1)
            weights = self.drop(weights, drop)
            found = (weights if keep is None else weights * keep) @ v
        return self.affine(f"{name}.output", found.transpose(1, 2).reshape(rows, -1, width))

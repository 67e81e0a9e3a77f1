"""A tiny MMSBR in PyTorch, straight from the equations: weights, inputs, loss and gradients for the parity test.

    "$PEER_PYTHON" tools/mmsbr_fixture.py test/fixtures/mmsbr.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

The model, without dropout: a^m = x^m P + b of pictures and texts, around the mean of those that are there, their mean square length made C; where one is
missing, x is 0 and a learned vector is added. T tokens a modality
are tanh(tanh(a W_j) W'_j); pivots read the tokens of the text, then of the picture, in blocks whose two sublayers share one normalization; an item is
relu(relu([pivots] W_a) W_b). A session is the sum of its items, each by a gate. Prices are Gaussians: a mean and a covariance for each level, with the
category's vector; those of a session attend to each other by the squared 2-Wasserstein distance, which is computed here as it is written, elementwise.
An item's score is i (1 + w2), or i (1 + exp(-w2 / D)), i the product of session and item. The loss: the sum of weights times -log softmax(scores)[target]
over the items but row 0, the padding's, and lambda times the contrasts, log10 of the sum of the largest exp(a_v . made_w) over exp(a_v . made_v).

The file, for `released`, `closeness` (without categories), and `plain` (without prices and contrast, and the mean of tokens in place of pivots):
  config     batch B, length L, hidden d, heads, layers, tokens, pivots, components, levels, categories, items (rows of the tables, row 0 being the
             padding), width (of pictures and texts), nearest (items of a contrast) and lambda
  inputs     by the names of the training graph's inputs; sources are the rows b * L + l that targets are read at; the last target only pads
  parameters by the names that the model in this repository gives them; matrices multiply from the right, x @ W, W is [in, out]
  scores     [targets, items]: what the softmax reads
  loss       one number
  gradients  of the loss, by parameter name
"""

import math
import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from blocks import Layers  # noqa: E402
from fixture import array, arrays, content, gradients, rounded, scalar, write  # noqa: E402

B, L, D, HEADS, LAYERS, TOKENS, PIVOTS, C, LEVELS, CATEGORIES, ITEMS, WIDTH = 3, 4, 4, 2, 4, 2, 3, 5, 3, 3, 10, 3
NEAREST, LAMBDA = 4, 0.1
MODALITIES = ("text", "image")
MISSING = {"image": (0, 4), "text": (0, 8)}


class Mmsbr(Layers):
    def __init__(self, with_pivots, with_prices, with_categories, closeness):
        super().__init__()
        self.with_pivots, self.with_prices, self.with_categories = with_pivots, with_prices, with_categories
        self.closeness = closeness
        for modality in MODALITIES:
            self.declare_linear(modality, WIDTH, C)
            self.declare(f"{modality}.missing", 1, C)
            self.declare_linear(f"{modality}.in", C, TOKENS * D)
            self.declare(f"{modality}.out.weight", TOKENS, D, D, scale=0.5)
            self.declare(f"{modality}.out.bias", TOKENS, 1, D)
            for at in range(LAYERS // 2 if with_pivots else 0):
                name = f"round{at}.{modality}"
                for one in ("query", "key", "value"):
                    self.declare_linear(f"{name}.attention.{one}", D, D)
                self.declare(f"{name}.attention.output.weight", D, D)
                self.declare_linear(f"{name}.feedForward.inner", D, 4 * D)
                self.declare_linear(f"{name}.feedForward.outer", 4 * D, D)
                self.declare_norm(f"{name}.norm", D)
        if with_pivots:
            self.declare("pivot", ITEMS, PIVOTS * D)
        self.declare_linear("item.in", (PIVOTS if with_pivots else 1) * D, D)
        self.declare_linear("item.out", D, D)
        self.declare("gate.item.weight", D, D)
        self.declare("gate.mean.weight", D, D)
        self.declare_linear("gate.score", D, 1)
        if with_prices:
            self.declare("price.mean", LEVELS + 1, D)
            self.declare("price.covariance", LEVELS + 1, D)
            if with_categories:
                self.declare("category", CATEGORIES, D)
            self.declare_norm("price.norm", D)
            for kind in ("mean", "covariance"):
                for one in ("query", "key", "value", "output"):
                    self.declare_linear(f"price.{kind}.{one}", D, D)

    def block(self, name, x):
        def split(t):
            return t.view(*t.shape[:2], HEADS, D // HEADS).transpose(1, 2)

        q, k, v = (split(self.affine(f"{name}.attention.{part}", x)) for part in ("query", "key", "value"))
        attended = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(D // HEADS), -1) @ v
        merged = attended.transpose(1, 2).reshape(x.shape) @ self[f"{name}.attention.output.weight"]
        x = self.norm(f"{name}.norm", x + merged)
        inner = torch.relu(self.affine(f"{name}.feedForward.inner", x))
        return self.norm(f"{name}.norm", x + self.affine(f"{name}.feedForward.outer", inner))

    def centered(self, modality, inputs, x):
        """By the mean of the items that have one, at a mean square length of C."""
        having = inputs[f"item.{modality}"][inputs[f"item.{modality}.present"] > 0]
        mean = having.mean(0)
        return (x - mean) * math.sqrt(C / ((having - mean) ** 2).sum(1).mean().item())

    def projected(self, inputs):
        tables = {}
        for modality in MODALITIES:
            lacks = (1 - inputs[f"item.{modality}.present"])[:, None]
            x = self.centered(modality, inputs, inputs[f"item.{modality}"]) * (1 - lacks)
            tables[modality] = self.affine(modality, x) + lacks * self[f"{modality}.missing"]
        return tables

    def items(self, tables):
        tokens = {}
        for modality in MODALITIES:
            hidden = torch.tanh(self.affine(f"{modality}.in", tables[modality])).view(ITEMS, TOKENS, D)
            each = [hidden[:, j] @ self[f"{modality}.out.weight"][j] + self[f"{modality}.out.bias"][j] for j in range(TOKENS)]
            tokens[modality] = torch.tanh(torch.stack(each, 1))
        if self.with_pivots:
            pivots = self["pivot"].view(ITEMS, PIVOTS, D)
            for at in range(LAYERS // 2):
                for modality in MODALITIES:
                    read = self.block(f"round{at}.{modality}", torch.cat([pivots, tokens[modality]], 1))
                    pivots = (read[:, :PIVOTS] + pivots) / 2
                    tokens[modality] = read[:, PIVOTS:] + tokens[modality]
            whole = pivots.reshape(ITEMS, PIVOTS * D)
        else:
            whole = torch.cat(list(tokens.values()), 1).mean(1)
        return torch.relu(self.affine("item.out", torch.relu(self.affine("item.in", whole))))

    def session(self, items, history):
        e = items[[item for item in history.tolist() if item > 0]]
        gates = self.affine("gate.score", torch.sigmoid(e @ self["gate.item.weight"] + e.mean(0) @ self["gate.mean.weight"]))
        return (gates * e).sum(0)

    def positive(self, x):
        return F.elu(x) + 1

    def distance(self, m, c, others_m, others_c):
        """Of one Gaussian and several."""
        return ((m - others_m) ** 2).sum(-1) + ((c.sqrt() - others_c.sqrt()) ** 2).sum(-1)

    def price(self, history, levels, categories):
        """The Gaussian of a session at its last item."""
        known = [item for item in history.tolist() if item > 0]
        mean, spread = self["price.mean"][levels[known]], self["price.covariance"][levels[known]]
        of = self.norm("price.norm", self["category"][categories[known]]) if self.with_categories else 0
        m = self.norm("price.norm", mean) + of
        c = self.positive(self.norm("price.norm", spread) + of)
        width = D // HEADS
        heads_m, heads_c = [], []
        for head in range(HEADS):
            own = slice(head * width, (head + 1) * width)
            q, k, v = (self.affine(f"price.mean.{part}", m)[:, own] for part in ("query", "key", "value"))
            qc, kc, vc = (self.positive(self.affine(f"price.covariance.{part}", c))[:, own] for part in ("query", "key", "value"))
            weights = torch.softmax(-self.distance(q[-1], qc[-1], k, kc) / math.sqrt(width), 0)
            heads_m.append(weights @ v)
            heads_c.append(weights**2 @ vc)
        m = self.norm("price.norm", self.affine("price.mean.output", torch.cat(heads_m)) + mean[-1])
        c = self.norm("price.norm", self.affine("price.covariance.output", torch.cat(heads_c)) + spread[-1])
        return m, self.positive(c)

    def scores(self, inputs):
        items = self.items(self.projected(inputs))
        rows = []
        for history in inputs["history"]:
            interest = items @ self.session(items, history)
            if self.with_prices:
                levels = inputs["price.level"]
                categories = inputs["item.field.category"]
                m, c = self.price(history, levels, categories)
                of = self["category"][categories] if self.with_categories else 0
                spreads = self.positive(self["price.covariance"][levels] + of)
                far = self.distance(m, c, self["price.mean"][levels] + of, spreads)
                interest = interest * (1 + (torch.exp(-far / D) if self.closeness else far))
            rows.append(interest)
        # One target a row; the one that pads reads the first row.
        return torch.stack([*rows, rows[0]])

    def contrasts(self, inputs):
        tables, total = self.projected(inputs), 0
        both = inputs["pseudo.present"]
        having = both.nonzero().flatten()
        for modality in MODALITIES:
            made = self.affine(modality, self.centered(modality, inputs, inputs[f"pseudo.{modality}"]))
            summed, counted = 0, 0
            for target, weight in zip(inputs["targets"].tolist(), inputs["weights"].tolist()):
                if both[target] == 0:
                    continue
                products = made[having] @ tables[modality][target]
                nearest = products.sort(descending=True).values[:NEAREST]
                summed = summed + weight * (torch.log10(nearest.exp().sum()) - torch.log10((tables[modality][target] @ made[target]).exp()))
                counted += weight
            total = total + summed / counted
        return total


def part(with_contrast=True, **parts):
    history = torch.tensor([[3, 1, 4, 1], [2, 6, 0, 0], [7, 0, 0, 0]])
    last = (history > 0).sum(1) - 1
    inputs = {
        "history": history,
        "sources": torch.cat([torch.arange(B) * L + last, torch.tensor([0])]),
        "targets": torch.tensor([4, 9, 1, 0]),
        "weights": torch.tensor([0.5, 0.2, 0.3, 0.0]),
        "price.level": torch.tensor([0, 1, 3, 2, 0, 1, 2, 3, 1, 2]),
        "item.field.category": torch.tensor([0, 1, 2, 1, 1, 0, 2, 2, 1, 1]),
    }
    for modality in MODALITIES:
        inputs |= content(modality, (ITEMS, WIDTH), MISSING[modality])
    inputs["pseudo.present"] = inputs["item.image.present"] * inputs["item.text.present"]
    for modality in MODALITIES:
        inputs[f"pseudo.{modality}"] = rounded(torch.randn(ITEMS, WIDTH)) * inputs["pseudo.present"][:, None]
    model = Mmsbr(**parts)
    scores = model.scores(inputs)
    losses = F.cross_entropy(scores[:, 1:], (inputs["targets"] - 1).clamp(min=0), reduction="none")
    loss = (losses * inputs["weights"]).sum() + (LAMBDA * model.contrasts(inputs) if with_contrast else 0)
    return {
        "inputs": arrays(inputs),
        "parameters": arrays(model.learned),
        "scores": array(scores),
        "loss": scalar(loss),
        "gradients": gradients(loss, model.learned),
    }


torch.manual_seed(29)
whole = {"with_pivots": True, "with_prices": True, "with_categories": True, "closeness": False}
write(
    {
        "config": {
            "batch": B,
            "length": L,
            "hidden": D,
            "heads": HEADS,
            "layers": LAYERS,
            "tokens": TOKENS,
            "pivots": PIVOTS,
            "components": C,
            "levels": LEVELS,
            "categories": CATEGORIES,
            "items": ITEMS,
            "width": WIDTH,
            "nearest": NEAREST,
            "lambda": LAMBDA,
        },
        "released": part(**whole),
        "closeness": part(**{**whole, "with_categories": False, "closeness": True}),
        "plain": part(with_contrast=False, **{**whole, "with_pivots": False, "with_prices": False}),
    }
)

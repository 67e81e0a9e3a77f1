"""A tiny EBM in PyTorch, from the equations of the sheet: weights, histories, draws, loss, gradients and scores for the parity test.

    "$PEER_PYTHON" tools/ebm_fixture.py test/fixtures/ebm.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

The model, without dropout, history after history. A history has L places; its last event is at the last one, and places before its first event are zeros.
S is the normalized sum of the vectors of item, behavior and place. A layer transforms S over places (torch.fft, orthonormal), multiplies each chunk of D /
k numbers by complex matrices, W_2 relu(W_1 x + b_1) + b_2, relu on real and imaginary parts apart, transforms back, and normalizes the sum with S; empty
places become zeros again. With `real` the imaginary part that a layer reads is 0. The code: half the logarithm of the determinant of 1 + D / (L EPSILON^2)
Z^T Z, summed over chunks Z. The gate: a = 1 + sigmoid(preference of the behavior) - (S w + c); m is 1 where a + one draw is above -a + the other, with the
gradient of the softmax of both at TEMPERATURE. The filter is the mean over events of the filters of their behaviors, times the spectrum of m S. One more
layer reads m norm(m S + what passed), and its last place meets the items. The loss: the mean by weights of -log softmax over items, plus COMPACTNESS times
the code, plus CONTRAST times -log sigmoid(Q(better) - Q(worse)) over both pairs of (m S, S, S - m S) and of (m passed, m S, m S - m passed), Q being the
product of the target's vector with the mean over those events that are kept, all, or dropped (`whole`), or with the last place (`real`). When served, m is
1 where a is above 0.

The file, for `encoder` (no gate, filter or contrast), `whole`, and `real`, whose L is odd:
  config     batch B, length L, hidden D, chunks k, layers, items (rows of the table), and the numbers above
  inputs     by the names of the training graph's inputs; the last target only pads
  parameters by the names that the model in this repository gives them; matrices multiply from the right, x @ W, W is [in, out]
  loss       one number
  gradients  of the loss, by the names of the parameters that have one
  scores     [B, items] of each history when served, with the same parameters
  dropped    the places of the events that the gate drops then, of each history, counted among its events
"""

import sys

import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True
from blocks import Layers, catalog_loss  # noqa: E402
from fixture import array, arrays, gradients, rounded, scalar, write  # noqa: E402

D, CHUNKS, LAYERS, ITEMS, BEHAVIORS = 10, 2, 2, 9, 2
EPSILON, TEMPERATURE, COMPACTNESS, CONTRAST = 0.5, 0.7, 0.05, 0.3
SIZE = D // CHUNKS
# (item, behavior), oldest first; clicks are 1, favorites 2.
HISTORIES = [
    [(3, 1), (1, 2), (4, 1), (7, 2), (5, 1)],
    [(2, 1), (6, 1), (2, 2)],
    [(8, 2)],
    [(7, 2), (3, 1), (1, 2), (1, 1)],
]
NEXT = [6, 8, 2, 4]
WEIGHTS = [0.4, 0.3, 0.2, 0.1]


class Ebm(Layers):
    def __init__(self, length, denoises, real):
        super().__init__()
        self.length, self.denoises, self.real = length, denoises, real
        self.declare("item", ITEMS, D)
        self.declare("behavior", BEHAVIORS + 1, D)
        self.declare("position", length, D)
        self.declare_norm("norm", D)
        for name in [*(f"layer{at}" for at in range(LAYERS)), "last"]:
            for part in ("inner", "outer"):
                self.declare(f"{name}.{part}.real", CHUNKS, SIZE, SIZE, scale=0.4)
                self.declare(f"{name}.{part}.imaginary", CHUNKS, SIZE, SIZE, scale=0.4)
                self.declare(f"{name}.{part}.bias", CHUNKS, 1, 2 * SIZE)
            self.declare_norm(f"{name}.norm", D)
        self.declare_norm("join.norm", D)
        if denoises:
            self.declare_linear("hard.threshold", D, 1)
            # Near the preferences, so that some events go.
            with torch.no_grad():
                self["hard.threshold.bias"].copy_(rounded(torch.tensor([1.5])))
            self.declare("hard.preference", BEHAVIORS + 1, 1, scale=2)
            self.declare("soft.real", BEHAVIORS, length // 2 + 1, D, center=1.0)
            self.declare("soft.imaginary", BEHAVIORS, length // 2 + 1, D)

    def spectrum(self, x):
        return torch.fft.rfft(x, dim=0, norm="ortho")

    def back(self, spectrum):
        return torch.fft.irfft(spectrum, n=self.length, dim=0, norm="ortho")

    def complex_affine(self, name, chunk, x):
        bias = self[f"{name}.bias"][chunk, 0]
        weight = torch.complex(self[f"{name}.real"][chunk], self[f"{name}.imaginary"][chunk])
        return x @ weight + torch.complex(bias[:SIZE], bias[SIZE:])

    def layer(self, name, x):
        """[L, D] -> [L, D]"""
        spectrum = self.spectrum(x)
        if self.real:
            spectrum = torch.complex(spectrum.real, torch.zeros_like(spectrum.real))
        mixed = []
        for chunk, part in enumerate(spectrum.split(SIZE, 1)):
            inner = self.complex_affine(f"{name}.inner", chunk, part)
            inner = torch.complex(F.relu(inner.real), F.relu(inner.imag))
            mixed.append(self.complex_affine(f"{name}.outer", chunk, inner))
        return self.norm(f"{name}.norm", x + self.back(torch.cat(mixed, 1)))

    def read(self, history, draw=None):
        """Everything of one history; without a draw it is served."""
        items, behaviors = (torch.tensor(column) for column in zip(*history))
        count = len(history)
        is_event = torch.zeros(self.length, 1)
        is_event[self.length - count :] = 1
        events = self["item"][items] + self["behavior"][behaviors] + self["position"][self.length - count :]
        s = torch.cat([torch.zeros(self.length - count, D), self.norm("norm", events)])
        for at in range(LAYERS):
            s = self.layer(f"layer{at}", s) * is_event
        kept, passed, stays = s, s, is_event
        if self.denoises:
            preference = 1 + torch.sigmoid(self["hard.preference"][behaviors, 0])
            a = preference - self.affine("hard.threshold", s[-count:])[:, 0]
            if draw is None:
                m = (a > 0).double()
            else:
                drawn = torch.stack([a, -a], 1) + draw[-count:]
                soft = torch.softmax(drawn / TEMPERATURE, 1)
                m = (F.one_hot(drawn.argmax(1), 2) + soft - soft.detach())[:, 0]
            stays = torch.cat([torch.zeros(self.length - count), m])[:, None]
            kept = s * stays
            filters = torch.complex(self["soft.real"], self["soft.imaginary"])[behaviors - 1].mean(0)
            passed = self.back(filters * self.spectrum(kept))
        user = self.layer("last", self.norm("join.norm", kept + passed) * stays)[-1]
        return {"s": s, "kept": kept, "passed": passed, "stays": stays, "is_event": is_event, "user": user}


def code(z):
    """Half the sum over chunks of log det."""
    chunks = z.split(SIZE, 1)
    return sum(0.5 * torch.logdet(torch.eye(SIZE) + D / (len(z) * EPSILON**2) * x.T @ x) for x in chunks)


def ordered(parts, target, on):
    """-log sigmoid of how much better each fits the target than the one after it; parts are vectors, 0 but at their own places, and 1 at those."""
    counts = [torch.where(places.sum() > 0.5, places.sum(), 1.0) for _, places in parts]
    q = [(x.sum(0) / count if on == "mean" else x[-1]) @ target for (x, _), count in zip(parts, counts)]
    return -F.logsigmoid(q[0] - q[1]) - F.logsigmoid(q[1] - q[2])


def part(length, denoises, real=False):
    batch, on = len(HISTORIES), "last" if real else "mean"
    model = Ebm(length, denoises, real)
    draws = rounded(-torch.log(-torch.log(torch.rand(batch, length, 2))))

    def padded(column):
        return torch.tensor([[event[column] for event in history] + [0] * (length - len(history)) for history in HISTORIES])

    inputs = {
        "batch.history": padded(0),
        "batch.behavior": padded(1),
        "batch.weights": torch.tensor([*WEIGHTS, 0.0]),
        "batch.lastTargets": torch.arange(batch),
        "batch.lastTargets.item": torch.tensor(NEXT),
    }
    if denoises:
        inputs["noise.0"] = draws
    table, weights = model["item"], torch.tensor(WEIGHTS)
    read = [model.read(history, draws[at]) for at, history in enumerate(HISTORIES)]
    loss = catalog_loss(torch.stack([one["user"] for one in read]), table, torch.tensor(NEXT), weights)
    for one, weight, target in zip(read, WEIGHTS, table[NEXT]):
        s, kept, is_event, stays = one["s"], one["kept"], one["is_event"], one["stays"]
        loss = loss + weight * COMPACTNESS * code(s)
        if denoises:
            passed = one["passed"] * stays
            hard = ordered([(kept, stays), (s, is_event), (s - kept, is_event - stays)], target, on)
            soft = ordered([(passed, stays), (kept, stays), (kept - passed, stays)], target, on)
            loss = loss + weight * CONTRAST * (hard + soft)
    served = [model.read(history) for history in HISTORIES]
    return {
        "config": {
            "batch": batch,
            "length": length,
            "hidden": D,
            "chunks": CHUNKS,
            "layers": LAYERS,
            "items": ITEMS,
            "epsilon": EPSILON,
            "temperature": TEMPERATURE,
            "compactness": COMPACTNESS,
            "contrast": CONTRAST,
        },
        "inputs": arrays(inputs),
        "parameters": arrays(model.learned),
        "loss": scalar(loss),
        "gradients": gradients(loss, model.learned),
        "scores": array(torch.stack([one["user"] for one in served]) @ table.T),
        "dropped": [(one["is_event"] - one["stays"])[length - len(h) :, 0].nonzero()[:, 0].tolist() for one, h in zip(served, HISTORIES)],
    }


torch.manual_seed(31)
write({"encoder": part(6, False), "whole": part(6, True), "real": part(5, True, real=True)})

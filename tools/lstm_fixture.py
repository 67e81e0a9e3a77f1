"""torch.nn.LSTM, both ways, on a tiny batch: weights, inputs, hidden states and gradients for the parity test.

    "$PEER_PYTHON" tools/lstm_fixture.py test/fixtures/lstm.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

One layer, batch first, from states of zeros. Each history is read alone, by its real steps; a step of mask 0 is passed over and has the state of the
step before in its direction, zeros where there is none.

The file, for `bias` and for `plain`, which has no biases and whose mask is all ones:
  config     batch B, length L, input I, hidden H
  inputs     x [B, L, I]; mask [B, L]; upstream [B, L, 2H]
  parameters by the names that this repository gives them; columns of gates in the order i, f, o, g, and both biases of torch added up
  hidden     [B, L, 2H], forward and backward side by side
  loss       sum(hidden * upstream)
  gradients  of the loss, by x and by parameter name
"""

import sys

import torch
from torch import nn

sys.dont_write_bytecode = True
from fixture import array, arrays, drawn, gradients, rounded, scalar, write  # noqa: E402

B, L, I, H = 3, 5, 4, 6
ORDER = torch.cat([torch.arange(0, 2 * H), torch.arange(3 * H, 4 * H), torch.arange(2 * H, 3 * H)])


def part(bias, mask):
    layer = nn.LSTM(I, H, batch_first=True, bidirectional=True, bias=bias)
    learned = {}
    for side, suffix in (("forward", ""), ("backward", "_reverse")):
        learned[f"rnn.{side}.input.weight"] = drawn(I, 4 * H, scale=0.5)
        learned[f"rnn.{side}.hidden.weight"] = drawn(H, 4 * H, scale=0.5)
        if bias:
            learned[f"rnn.{side}.input.bias"] = drawn(4 * H, scale=0.5)
    # Torch's order of gates is i, f, g, o.
    inverse = torch.argsort(ORDER)
    given = {}
    for side, suffix in (("forward", ""), ("backward", "_reverse")):
        given[f"weight_ih_l0{suffix}"] = learned[f"rnn.{side}.input.weight"].T[inverse]
        given[f"weight_hh_l0{suffix}"] = learned[f"rnn.{side}.hidden.weight"].T[inverse]
        if bias:
            given[f"bias_ih_l0{suffix}"] = learned[f"rnn.{side}.input.bias"][inverse]
            given[f"bias_hh_l0{suffix}"] = torch.zeros(4 * H)
    x = drawn(B, L, I)
    upstream = rounded(torch.randn(B, L, 2 * H))
    rows = []
    for b in range(B):
        real = [t for t in range(L) if mask[b][t] == 1]
        states, _ = torch.func.functional_call(layer, given, (x[b : b + 1, real],))
        row, zero = [], torch.zeros(H)
        for t in range(L):
            before = [at for at, place in enumerate(real) if place <= t]
            after = [at for at, place in enumerate(real) if place >= t]
            row.append(torch.cat([states[0, before[-1], :H] if before else zero, states[0, after[0], H:] if after else zero]))
        rows.append(torch.stack(row))
    hidden = torch.stack(rows)
    loss = (hidden * upstream).sum()
    return {
        "config": {"batch": B, "length": L, "input": I, "hidden": H},
        "inputs": arrays({"x": x, "mask": torch.tensor(mask, dtype=torch.float64), "upstream": upstream}),
        "parameters": arrays(learned),
        "hidden": array(hidden),
        "loss": scalar(loss),
        "gradients": gradients(loss, {"x": x, **learned}),
    }


torch.manual_seed(7)
write(
    {
        "bias": part(True, [[1, 1, 1, 1, 1], [1, 0, 1, 1, 0], [0, 1, 1, 0, 0]]),
        "plain": part(False, [[1] * L] * B),
    }
)

"""torch.nn.GRU on a tiny batch: weights, input, hidden states and gradients for the parity test.

    "$PEER_PYTHON" tools/gru_fixture.py test/fixtures/gru.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository).

One layer, batch first, from a state of zeros:
r = sigmoid(W_ir x + b_ir + W_hr h + b_hr), z = sigmoid(W_iz x + b_iz + W_hz h + b_hz), n = tanh(W_in x + b_in + r * (W_hn h + b_hn)),
h' = (1 - z) * n + z * h.

The file:
  config     batch B, length L, input I, hidden H
  inputs     x [B, L, I]; upstream [B, L, H]
  parameters as in torch's state_dict, gates in the order r, z, n: weight_ih_l0 [3H, I], weight_hh_l0 [3H, H], bias_ih_l0 [3H], bias_hh_l0 [3H]
  hidden     [B, L, H]
  loss       sum(hidden * upstream)
  gradients  of the loss, by x and by parameter name
"""

import sys

import torch
from torch import nn

sys.dont_write_bytecode = True
from fixture import array, arrays, drawn, gradients, rounded, scalar, write  # noqa: E402

B, L, I, H = 3, 5, 4, 6

torch.manual_seed(7)
layer = nn.GRU(I, H, batch_first=True)
with torch.no_grad():
    for parameter in layer.parameters():
        parameter.copy_(rounded(0.5 * torch.randn(parameter.shape)))

x = drawn(B, L, I)
upstream = rounded(torch.randn(B, L, H))
hidden, _ = layer(x)
loss = (hidden * upstream).sum()

write(
    {
        "config": {"batch": B, "length": L, "input": I, "hidden": H},
        "inputs": arrays({"x": x, "upstream": upstream}),
        "parameters": arrays(layer.state_dict()),
        "hidden": array(hidden),
        "loss": scalar(loss),
        "gradients": gradients(loss, {"x": x, **dict(layer.named_parameters())}),
    }
)

"""The blocks of M3BSR in PyTorch, straight from the equations: inputs, outputs and gradients for the parity tests.

    "$PEER_PYTHON" tools/m3bsr_fixture.py test/fixtures/m3bsr.json

PEER_PYTHON is any Python with torch (1.13 made the file in the repository). R-xx: the rules of docs/papers.md.

The file holds a block under each name: `config`, `inputs` (all arrays read, weights too), `outputs`, and `gradients` of `loss`
by the inputs that are learned or come from learned layers. Matrices multiply from the right: x @ W, W is [in, out].

reverse         R-M3, R-M4, R-M5. clean h_0 [B, L, d], condition [B, L, d], query, key, value, output [d, d]. history [B, L] are items, behavior
                [B, L] is 1 + the behavior, moment [B, L] numbers the times: an event sees those of its own behavior up to its time, others have
                bias -1e9 added to their scores. No noise: h_T = sqrt(abar_T) h_0. From T down, eps_t = softmax(h_t Wq (c Wk)^T / sqrt(d) + bias) c Wv Wo,
                h_{t-1} = (h_t - (1 - alpha_t) / sqrt(1 - abar_t) eps_t) / sqrt(alpha_t). denoised = h_0 again.
                loss = sum(denoised * upstream), upstream [B, L, d] being an input.
reconstruction  R-M8, posterior. The same with h_T = sqrt(abar_T) h_0 + sqrt(1 - abar_T) noise, noise [B, L, d] the same at every t;
                loss = mean over elements and steps of (denoised h_{t-1} - forward h_{t-1})^2, the forward state at t - 1 = 0 being the
                clean input; no gradient is stopped. denoised = the last state.
disentangle     R-M11, one block a reading: separate, literal, align. vectors [B, 7, d]: two behaviors (click, favorite), each with its modalities
                (id, image, text), then the common vector. s_ij = cosine(h_i, h_j) / temperature within a user.
                separate: mean over users and i of log sum_{k != i} exp(s_ik).
                literal:  mean over users of -sum_{i != j} log(exp(s_ij) / sum_{k != i} exp(s_ik)), over ordered pairs.
                align:    the notes leave the sums open; here, over pairs i < j of the six specific vectors that share the behavior or the
                          modality, mean over pairs and users u of -log(exp(s(h_ui, h_uj)) / sum_{users w} exp(s(h_ui, h_wj))).
routing         R-M12. common [B, d], specific [B, 6, d] (click id, image, text, then favorite's), weight [7d, 6d], bias [6d].
                gates [B, 6, d] = sigmoid([common; specific] @ weight + bias), routed [B, 6 d] = gates * common + (1 - gates) * specific.
                loss = sum(routed * upstream).
"""

import math
import sys

import torch

sys.dont_write_bytecode = True
from fixture import arrays, drawn, gradients, write  # noqa: E402

B, L, D, T = 2, 4, 3, 3
BETA_START, BETA_END = 0.001, 0.1
TEMPERATURE = 0.3


def schedule():
    """alpha_t and abar_t for t = 1 .. T, at index t; index 0 is the clean end."""
    beta = torch.linspace(BETA_START, BETA_END, T)
    alpha = torch.cat([torch.ones(1), 1 - beta])
    return alpha, torch.cumprod(alpha, 0)


def forward_state(clean, noise, t):
    _, kept = schedule()
    return torch.sqrt(kept[t]) * clean + torch.sqrt(1 - kept[t]) * noise


def denoise(clean, condition, bias, query, key, value, output, noise):
    """Every denoised state, h_{T-1} first."""
    alpha, kept = schedule()
    state = forward_state(clean, noise, T)
    states = []
    for t in range(T, 0, -1):
        scores = (state @ query) @ (condition @ key).transpose(1, 2) / math.sqrt(D) + bias
        eps = (torch.softmax(scores, -1) @ (condition @ value)) @ output
        state = (state - (1 - alpha[t]) / torch.sqrt(1 - kept[t]) * eps) / torch.sqrt(alpha[t])
        states.append(state)
    return states


def block(config, learned, given, outputs, loss):
    return {
        "config": config,
        "inputs": arrays({**learned, **given}),
        "outputs": arrays(outputs),
        "loss": float(f"{loss.item():.9g}"),
        "gradients": gradients(loss, learned),
    }


def diffusion():
    learned = {name: drawn(B, L, D) for name in ("clean", "condition")}
    learned.update({name: drawn(D, D) for name in ("query", "key", "value", "output")})
    # The first user's second and third event came at one moment; the second user's first two are of one behavior and moment.
    events = {
        "history": torch.tensor([[5, 2, 2, 7], [1, 3, 1, 4]]),
        "behavior": torch.tensor([[1, 1, 2, 1], [2, 2, 1, 2]]),
        "moment": torch.tensor([[1, 2, 2, 3], [1, 1, 2, 3]]),
    }
    return learned, events, own_bias(events)


def own_bias(events):
    behavior, moment = events["behavior"], events["moment"]
    sees = (behavior[:, None, :] == behavior[:, :, None]) & (moment[:, None, :] <= moment[:, :, None])
    return torch.zeros(B, L, L).masked_fill(~sees, -1e9)


def reverse():
    learned, events, bias = diffusion()
    upstream = drawn(B, L, D).detach()
    denoised = denoise(**learned, bias=bias, noise=torch.zeros(B, L, D))[-1]
    config = {"steps": T, "betaStart": BETA_START, "betaEnd": BETA_END}
    return block(config, learned, {**events, "upstream": upstream}, {"denoised": denoised}, (denoised * upstream).sum())


def reconstruction():
    learned, events, bias = diffusion()
    noise = drawn(B, L, D).detach()
    states = denoise(**learned, bias=bias, noise=noise)
    against = [forward_state(learned["clean"], noise, t - 1) for t in range(T, 0, -1)]
    loss = torch.stack([((state - target) ** 2).mean() for state, target in zip(states, against)]).mean()
    config = {"steps": T, "betaStart": BETA_START, "betaEnd": BETA_END}
    return block(config, learned, {**events, "noise": noise}, {"denoised": states[-1]}, loss)


def separate(similarity):
    others = ~torch.eye(7, dtype=torch.bool)
    return torch.logsumexp(similarity.masked_fill(~others, -math.inf), -1).mean()


def literal(similarity):
    others = ~torch.eye(7, dtype=torch.bool)
    below = torch.logsumexp(similarity.masked_fill(~others, -math.inf), -1, keepdim=True)
    return -(similarity - below)[:, others].sum(-1).mean()


def align(units):
    losses = []
    for i in range(6):
        for j in range(i + 1, 6):
            if i // 3 == j // 3 or i % 3 == j % 3:
                between = units[:, i] @ units[:, j].T / TEMPERATURE
                losses.append(-torch.log_softmax(between, -1).diagonal().mean())
    return torch.stack(losses).mean()


def disentangle(reading):
    vectors = drawn(3, 7, 4)
    units = vectors / vectors.norm(dim=-1, keepdim=True)
    similarity = units @ units.transpose(1, 2) / TEMPERATURE
    loss = {"separate": lambda: separate(similarity), "literal": lambda: literal(similarity), "align": lambda: align(units)}[reading]()
    return block({"temperature": TEMPERATURE, "modalities": 3}, {"vectors": vectors}, {}, {}, loss)


def routing():
    learned = {"common": drawn(B, D), "specific": drawn(B, 6, D), "weight": drawn(7 * D, 6 * D, scale=0.3), "bias": drawn(6 * D, scale=0.3)}
    common, specific = learned["common"], learned["specific"]
    upstream = drawn(B, 6 * D).detach()
    joined = torch.cat([common, specific.flatten(1)], 1)
    gates = torch.sigmoid(joined @ learned["weight"] + learned["bias"]).view(B, 6, D)
    routed = (gates * common[:, None] + (1 - gates) * specific).flatten(1)
    return block({}, learned, {"upstream": upstream}, {"gates": gates, "routed": routed}, (routed * upstream).sum())


torch.manual_seed(2)
write(
    {
        "reverse": reverse(),
        "reconstruction": reconstruction(),
        "disentangle": {reading: disentangle(reading) for reading in ("separate", "literal", "align")},
        "routing": routing(),
    }
)

"""The blocks of M3BSR in PyTorch, straight from the equations: inputs, outputs and gradients for the parity tests.

    "$PEER_PYTHON" tools/m3bsr_fixture.py test/fixtures/m3bsr.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository). R-xx: the rules of docs/papers.md.

The file holds a block under each name: `config`, `inputs` (all arrays read, weights too), `outputs`, and `gradients` of `loss`
by the inputs that are learned or come from learned layers. Matrices multiply from the right: x @ W, W is [in, out].

reverse         R-M3, R-M4, R-M5. clean h_0 [B, L, d], condition [B, L, d], query, key, value, output [d, d]. history [B, L] are items, behavior
                [B, L] is 1 + the behavior, moment [B, L] numbers the times: an event sees those of its own behavior up to its time, others have
                bias -1e9 added to their scores. No noise: h_T = sqrt(abar_T) h_0. From T down, eps_t = softmax(h_t Wq (c Wk)^T / sqrt(d) + bias) c Wv Wo,
                h_{t-1} = (h_t - (1 - alpha_t) / sqrt(1 - abar_t) eps_t) / sqrt(alpha_t). denoised = h_0 again.
                loss = sum(denoised * upstream), upstream [B, L, d] being an input.
reconstruction  R-M8, one block a reading. The same with h_T = sqrt(abar_T) h_0 + sqrt(1 - abar_T) noise, noise [B, L, d] the same at every t;
                loss = 1 / T of the sum over t of the mean over elements of (denoised h_t - forward h_t)^2; no gradient is stopped.
                posterior: t = 0 .. T - 1, the forward state at 0 being the clean input. literal: t = 1 .. T as printed, the state at T
                being the noisy one that denoising begins with. denoised = the last state.
disentangle     R-M11, one block a reading. separate, literal: vectors [B, 7, d]: two behaviors (click, favorite), each with its modalities
                (id, image, text), then the common vector. s_ij = cosine(h_i, h_j) / temperature within a user.
                separate: mean over users and i of log sum_{k != i} exp(s_ik).
                literal:  mean over users of -sum_{i != j} log(exp(s_ij) / sum_{k != i} exp(s_ik)), over ordered pairs.
                align:    the notes leave the sums open. streams [3, B, L, d] are an event's modalities, item and behavior [B, L] as above. With
                          l(x, y) = -log(exp(s(x, y)) / (exp(s(x, y)) + sum over events z of other items exp(s(x, z)))), z in y's stream:
                          for each two modalities, the mean over events of l(event in one, event in the other); for each modality, the
                          mean over pairs of one user's events, of one item and of behaviors a < b, of l(event of a, event of b);
                          then the mean of these six.
routing         R-M12. common [B, d], specific [B, 6, d] (click id, image, text, then favorite's), weight [7d, 6d], bias [6d].
                gates [B, 6, d] = sigmoid([common; specific] @ weight + bias), routed [B, 6 d] = gates * common + (1 - gates) * specific.
                loss = sum(routed * upstream).
"""

import math
import sys

import torch

sys.dont_write_bytecode = True
from fixture import arrays, drawn, gradients, scalar, write  # noqa: E402

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
        "loss": scalar(loss),
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


def reconstruction(reading):
    learned, events, bias = diffusion()
    noise = drawn(B, L, D).detach()
    states = denoise(**learned, bias=bias, noise=noise)
    at = dict(zip(range(T - 1, -1, -1), states))
    at[T] = forward_state(learned["clean"], noise, T)
    over = {"posterior": range(T), "literal": range(1, T + 1)}[reading]
    loss = sum(((at[t] - forward_state(learned["clean"], noise, t)) ** 2).mean() for t in over) / T
    config = {"steps": T, "betaStart": BETA_START, "betaEnd": BETA_END}
    return block(config, learned, {**events, "noise": noise}, {"denoised": states[-1]}, loss)


def separate(similarity):
    others = ~torch.eye(7, dtype=torch.bool)
    return torch.logsumexp(similarity.masked_fill(~others, -math.inf), -1).mean()


def literal(similarity):
    others = ~torch.eye(7, dtype=torch.bool)
    below = torch.logsumexp(similarity.masked_fill(~others, -math.inf), -1, keepdim=True)
    return -(similarity - below)[:, others].sum(-1).mean()


def align():
    streams = drawn(3, B, L, D)
    # The first user clicked item 2 before it was a favorite, twice; the last event of the second user is padding.
    item = torch.tensor([[5, 2, 2, 2], [2, 3, 5, 0]])
    behavior = torch.tensor([[1, 1, 1, 2], [2, 1, 1, 0]])
    units = (streams / streams.norm(dim=-1, keepdim=True)).flatten(1, 2)
    items, behaviors, users = item.flatten().tolist(), behavior.flatten().tolist(), [at // L for at in range(B * L)]
    real = [at for at in range(B * L) if items[at] > 0]

    def loss(x, of, to):
        """x = (modality, event), of = modality of the other, to = its event."""
        anchor = units[x[0], x[1]]
        others = [z for z in real if items[z] != items[x[1]]]
        scores = torch.stack([anchor @ units[of, z] for z in [to, *others]]) / TEMPERATURE
        return -torch.log_softmax(scores, 0)[0]

    between = [torch.stack([loss((a, at), b, at) for at in real]).mean() for a in range(3) for b in range(a + 1, 3)]
    pairs = [(i, j) for i in real for j in real if users[i] == users[j] and items[i] == items[j] and behaviors[i] < behaviors[j]]
    across = [torch.stack([loss((m, i), m, j) for i, j in pairs]).mean() for m in range(3)]
    given = {"history": item, "behavior": behavior}
    return block({"temperature": TEMPERATURE}, {"streams": streams}, given, {}, torch.stack(between + across).mean())


def disentangle(reading):
    vectors = drawn(3, 7, 4)
    units = vectors / vectors.norm(dim=-1, keepdim=True)
    similarity = units @ units.transpose(1, 2) / TEMPERATURE
    loss = {"separate": lambda: separate(similarity), "literal": lambda: literal(similarity)}[reading]()
    return block({"temperature": TEMPERATURE}, {"vectors": vectors}, {}, {}, loss)


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
        "reconstruction": {reading: reconstruction(reading) for reading in ("posterior", "literal")},
        "disentangle": {**{reading: disentangle(reading) for reading in ("separate", "literal")}, "align": align()},
        "routing": routing(),
    }
)

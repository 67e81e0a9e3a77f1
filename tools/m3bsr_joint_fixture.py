"""M3BSR's joint reading whole, in PyTorch: every target by itself, over the events before it and nothing else.

    "$PEER_PYTHON" tools/m3bsr_joint_fixture.py test/fixtures/m3bsr-joint.json

PEER_PYTHON is any Python with torch (2.13 made the file in the repository). R-xx: the rules of docs/papers.md.

No masks: a window's events are lists, and what an event or a target may read is picked from them by its moment or its place.
The code under test computes all of a batch at once under masks; here are loops.

inputs      history, behavior (1 + behavior; 2 is the target behavior), moment [B, L]; brand [V + 1]; image, text [V + 1, ..] with
            has.image, has.text [V + 1]; targets: window, prefix and weight of each; noise.NAME [B, L, d] for each denoiser;
            upstream.user [P, d], upstream.table [V + 1, d].
parameters  the model's own, by name.
outputs     user [P, d], table [V + 1, d].
losses      contrast (R-M11, separate), modality, behavior (R-M8, posterior).
loss        sum(user * upstream.user) + sum(table * upstream.table) + 0.005 contrast + modality + behavior, and
            gradients of it.
"""

import math
import sys

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True
from fixture import array, arrays, drawn, gradients, scalar, write  # noqa: E402

D, HEADS, ITEMS, BRANDS, LONGEST, AGES = 4, 2, 6, 3, 6, 32
MODALITIES = ("id", "image", "text")
WIDTHS = {"image": 3, "text": 2}
STEPS = {"modality": 2, "behavior": 3}
BETA_START, BETA_END, TEMPERATURE = 0.001, 0.1, 0.3
CLICK, FAVORITE = 1, 2
P = {}


def declare(name, *shape, center=0.0, scale=0.5):
    P[name] = drawn(*shape, center=center, scale=scale)


def declare_linear(name, fan_in, fan_out):
    declare(f"{name}.weight", fan_in, fan_out)
    declare(f"{name}.bias", fan_out)


def declare_norm(name):
    declare(f"{name}.scale", D, center=1.0, scale=0.3)
    declare(f"{name}.shift", D, scale=0.3)


def declare_attention(name):
    for part in ("query", "key", "value", "output"):
        declare_linear(f"{name}.{part}", D, D)


def declare_block(name):
    declare_attention(f"{name}.attention")
    declare_linear(f"{name}.feedForward.inner", D, 4 * D)
    declare_linear(f"{name}.feedForward.outer", 4 * D, D)
    declare_norm(f"{name}.norm1")
    declare_norm(f"{name}.norm2")


def declare_all():
    declare("field.item", ITEMS + 1, D)
    declare("field.brand", BRANDS, D)
    for modality, width in WIDTHS.items():
        declare_linear(modality, width, D)
        declare(f"{modality}.missing", 1, D)
    for modality in MODALITIES:
        declare_norm(f"{modality}.norm")
    for name in (*(f"denoise.{m}" for m in WIDTHS), *(f"denoise.target.{m}" for m in MODALITIES)):
        for part in ("query", "key", "value", "output", "state"):
            declare(f"{name}.{part}", D, D)
    declare("position", LONGEST, D)
    declare("age", AGES, D)
    for modality in MODALITIES:
        declare_block(f"expert.{modality}.block0")
        for behavior in (0, 1):
            declare(f"expert.{behavior}.{modality}.nothing", D)
    declare("expert.shared.behavior", 2, D)
    declare_attention("expert.shared.cross")
    declare_norm("expert.shared.norm")
    declare_block("expert.shared.block0")
    declare_block("expert.shared.block1")
    declare_linear("gate", 7 * D, 6 * D)


def affine(name, x):
    return x @ P[f"{name}.weight"] + P[f"{name}.bias"]


def norm(name, x):
    return F.layer_norm(x, (D,), P[f"{name}.scale"], P[f"{name}.shift"], 1e-5)


def attend(name, query, memory):
    """query [d], memory [N, d] -> [d]"""
    wide = D // HEADS
    q, k, v = affine(f"{name}.query", query), affine(f"{name}.key", memory), affine(f"{name}.value", memory)
    found = []
    for head in range(HEADS):
        part = slice(head * wide, (head + 1) * wide)
        found.append(torch.softmax(k[:, part] @ q[part] / math.sqrt(wide), 0) @ v[:, part])
    return affine(f"{name}.output", torch.cat(found))


def block(name, query, memory):
    x = norm(f"{name}.norm1", query + attend(f"{name}.attention", query, memory))
    inner = F.gelu(affine(f"{name}.feedForward.inner", x))
    return norm(f"{name}.norm2", x + affine(f"{name}.feedForward.outer", inner))


def named(item):
    return P["field.item"][item] + P["field.brand"][BRAND[item]]


def projected(modality, item):
    given = affine(modality, VECTORS[modality][item])
    return given if HAS[modality][item] == 1 else given + P[f"{modality}.missing"][0]


def row_of(item):
    return named(item) + projected("image", item) + projected("text", item)


def denoise(name, clean, condition, noise, steps):
    """clean, noise [d], condition [N, d] -> the denoised vector, and its squared errors over features and steps."""
    beta = torch.linspace(BETA_START, BETA_END, steps)
    alpha = torch.cat([torch.ones(1), 1 - beta])
    kept = torch.cumprod(alpha, 0)
    forward = [torch.sqrt(kept[t]) * clean + torch.sqrt(1 - kept[t]) * noise for t in range(steps + 1)]
    keys, values = condition @ P[f"{name}.key"], condition @ P[f"{name}.value"]
    state, error = forward[steps], 0
    for t in range(steps, 0, -1):
        weights = torch.softmax(keys @ (state @ P[f"{name}.query"]) / math.sqrt(D), 0)
        eps = (weights @ values) @ P[f"{name}.output"] + state @ P[f"{name}.state"]
        state = (state - (1 - alpha[t]) / torch.sqrt(1 - kept[t]) * eps) / torch.sqrt(alpha[t])
        error = error + ((state - forward[t - 1]) ** 2).mean() / steps
    return state, error


def streams_of(window, errors):
    """The events' vectors of one window after both denoisings: {modality: [N, d]}."""
    items, behaviors, moments = WINDOWS[window]
    places = range(len(items))
    raw = {"id": torch.stack([norm("id.norm", named(item)) for item in items])}
    for modality in WIDTHS:
        raw[modality] = torch.stack([norm(f"{modality}.norm", projected(modality, item)) for item in items])
    cleaned = {"id": raw["id"]}
    for modality in WIDTHS:
        states = []
        for i in places:
            own = [j for j in places if behaviors[j] == behaviors[i] and moments[j] <= moments[i]]
            noise = NOISE[f"denoise.{modality}"][window, i]
            state, error = denoise(f"denoise.{modality}", raw[modality][i], raw["id"][own], noise, STEPS["modality"])
            states.append(state)
            errors["modality"].setdefault(modality, []).append(error)
        cleaned[modality] = torch.stack(states)
    led = {}
    for modality in MODALITIES:
        states = []
        for i in places:
            before = [j for j in places if behaviors[j] == FAVORITE and moments[j] < moments[i]]
            if behaviors[i] == FAVORITE or not before:
                states.append(cleaned[modality][i])
                continue
            noise = NOISE[f"denoise.target.{modality}"][window, i]
            name = f"denoise.target.{modality}"
            state, error = denoise(name, cleaned[modality][i], cleaned[modality][before], noise, STEPS["behavior"])
            states.append(state)
            errors["behavior"].setdefault(modality, []).append(error)
        led[modality] = torch.stack(states)
    return {modality: x + P["position"][: len(items)] for modality, x in led.items()}


def common_of(window, streams, prefix):
    _, behaviors, moments = WINDOWS[window]
    events = sum(streams.values())
    x = []
    for i in range(prefix):
        until = [j for j in range(len(moments)) if moments[j] <= moments[i]]
        favorites = [j for j in until if behaviors[j] == FAVORITE]
        found = attend("expert.shared.cross", events[i], events[favorites or until])
        x.append(norm("expert.shared.norm", events[i] + P["expert.shared.behavior"][behaviors[i] - 1] + found))
    x = torch.stack(x)
    x = torch.stack([block("expert.shared.block0", x[i], x[: i + 1]) for i in range(prefix)])
    return block("expert.shared.block1", x[-1], x)


def specific_of(window, streams, prefix, behavior, modality):
    own = [j for j in range(prefix) if WINDOWS[window][1][j] == behavior]
    if not own:
        return P[f"expert.{behavior - 1}.{modality}.nothing"]
    memory = streams[modality][own]
    return block(f"expert.{modality}.block0", memory[-1] + P["age"][min(AGES - 1, prefix - 1 - own[-1])], memory)


def contrast_of(vectors):
    units = F.normalize(vectors, dim=-1)
    similarity = units @ units.T / TEMPERATURE
    return torch.stack([torch.logsumexp(similarity[i, [k for k in range(7) if k != i]], 0) for i in range(7)]).mean()


# Items, behaviors and moments of each window. The first has a click and a favorite at one moment, and clicks before any favorite;
# the second begins with two favorites and has no click at first; the third has clicks alone.
WINDOWS = [
    ([5, 2, 4, 2, 6], [CLICK, CLICK, FAVORITE, CLICK, CLICK], [1, 2, 3, 3, 4]),
    ([1, 3, 4], [FAVORITE, FAVORITE, CLICK], [1, 1, 2]),
    ([3, 6], [CLICK, CLICK], [1, 1]),
]
TARGETS = [(0, 1, 0.3), (0, 4, 1.0), (0, 5, 1.0), (1, 2, 0.3), (1, 3, 1.0), (2, 2, 1.0)]
B, L = len(WINDOWS), 5

torch.manual_seed(5)
BRAND = [0, 1, 2, 1, 0, 2, 2]
HAS = {"image": torch.tensor([0.0, 1, 1, 0, 1, 1, 1]), "text": torch.tensor([0.0, 1, 1, 1, 1, 1, 0])}
VECTORS = {m: drawn(ITEMS + 1, width).detach() * HAS[m][:, None] for m, width in WIDTHS.items()}
declare_all()
NOISE = {
    name: drawn(B, L, D).detach()
    for name in (*(f"denoise.{m}" for m in WIDTHS), *(f"denoise.target.{m}" for m in MODALITIES))
}
upstream = {"user": drawn(len(TARGETS), D).detach(), "table": drawn(ITEMS + 1, D).detach()}

errors = {"modality": {}, "behavior": {}}
streams = [streams_of(window, errors) for window in range(B)]
weights = torch.tensor([weight for *_, weight in TARGETS])
weights = weights / weights.sum()
users, contrast = [], 0
for (window, prefix, _), weight in zip(TARGETS, weights):
    common = common_of(window, streams[window], prefix)
    slots = [specific_of(window, streams[window], prefix, b, m) for b in (CLICK, FAVORITE) for m in MODALITIES]
    gates = torch.sigmoid(affine("gate", torch.cat([common, *slots])) + 1).view(6, D)
    users.append((common + (1 - gates) * (torch.stack(slots) - common)).mean(0))
    contrast = contrast + weight * contrast_of(torch.stack([*slots, common]))
table = torch.stack([row_of(item) for item in range(ITEMS + 1)])
losses = {
    "contrast": contrast,
    **{name: sum(torch.stack(of).mean() for of in by.values()) for name, by in errors.items()},
}
user = torch.stack(users)
loss = (user * upstream["user"]).sum() + (table * upstream["table"]).sum()
loss = loss + 0.005 * losses["contrast"] + losses["modality"] + losses["behavior"]


def padded(column):
    return torch.tensor([[*window[column], *[0] * (L - len(window[column]))] for window in WINDOWS])


write(
    {
        "config": {
            "hiddenSize": D,
            "heads": HEADS,
            "maxLength": LONGEST,
            "modalitySteps": STEPS["modality"],
            "behaviorSteps": STEPS["behavior"],
            "temperature": TEMPERATURE,
        },
        "inputs": {
            **{name: array(padded(at)) for at, name in enumerate(("history", "behavior", "moment"))},
            "brand": array(torch.tensor(BRAND)),
            **{name: array(x) for name, x in VECTORS.items()},
            **{f"has.{name}": array(x) for name, x in HAS.items()},
            **{f"noise.{name}": array(x) for name, x in NOISE.items()},
            **{f"upstream.{name}": array(x) for name, x in upstream.items()},
        },
        "targets": [{"window": window, "prefix": prefix, "weight": weight} for window, prefix, weight in TARGETS],
        "parameters": arrays(P),
        "outputs": arrays({"user": user, "table": table}),
        "losses": {name: scalar(value) for name, value in losses.items()},
        "loss": scalar(loss),
        "gradients": gradients(loss, P),
    }
)

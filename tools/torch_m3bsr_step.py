"""Time one training step of M3BSR in PyTorch: what `npm run -s bench -- m3bsr-step` holds our own step against.

    "$PEER_PYTHON" tools/torch_m3bsr_step.py --batch 64 --length 50 --targets 25 --hidden 64 --items 9125 --form printed --steps 6
    "$PEER_PYTHON" tools/torch_m3bsr_step.py --fixture test/fixtures/m3bsr-joint.json

PEER_PYTHON is any Python with torch (2.13 made the figures in docs/benchmarks.md).

The layers, parameters, losses and noise of `m3bsr` in this repository at its defaults, the joint reading, with two behaviors, pictures, texts and one
field. A batch of windows goes through under masks, all of its targets at once; noise and dropout are drawn in the step, as PyTorch's users do. `--form
printed` computes the denoisers as the paper prints them, a product for query and output at every step; `--form folded` has both matrices multiplied
beforehand, as ours has.

With `--fixture` it prints how far the losses and their sum's gradients are from those of the fixture, and times nothing. Otherwise one JSON line: median,
minimum and maximum milliseconds of processor time of forward + backward + Adam, fp32.
"""

import argparse
import json
import math
import statistics
import time

import torch
from torch.nn import functional as F

AGES, TEMPERATURE, HIDDEN_SCORE = 32, 0.3, -1e9
MODALITIES, CONTENT = ("id", "image", "text"), ("image", "text")
CLICK, FAVORITE = 1, 2

p = argparse.ArgumentParser()
sizes = {"batch": 64, "length": 50, "targets": 25, "hidden": 64, "heads": 2, "items": 9125, "image": 512, "text": 256, "brands": 200}
for name, default in {**sizes, "modality": 5, "behavior": 15, "threads": 1, "steps": 6}.items():
    p.add_argument("--" + name, type=int, default=default)
p.add_argument("--dropout", type=float, default=0.2)
p.add_argument("--form", choices=["printed", "folded"], default="printed")
p.add_argument("--fixture")
a = p.parse_args()
torch.set_num_threads(a.threads)
torch.manual_seed(0)
P = {}


def declare_all():
    """Parameters by the names they have in this repository; how they begin says nothing about speed."""
    d = a.hidden

    def declare(name, *shape):
        P[name] = (0.1 * torch.randn(*shape)).requires_grad_()

    def linear(name, fan_in, fan_out):
        declare(f"{name}.weight", fan_in, fan_out)
        declare(f"{name}.bias", fan_out)

    def norm(name):
        P[f"{name}.scale"], P[f"{name}.shift"] = torch.ones(d).requires_grad_(), torch.zeros(d).requires_grad_()

    def attention(name):
        for part in ("query", "key", "value", "output"):
            linear(f"{name}.{part}", d, d)

    def block(name):
        attention(f"{name}.attention")
        linear(f"{name}.feedForward.inner", d, 4 * d)
        linear(f"{name}.feedForward.outer", 4 * d, d)
        norm(f"{name}.norm1")
        norm(f"{name}.norm2")

    declare("field.item", a.items + 1, d)
    declare("field.brand", a.brands, d)
    for modality in CONTENT:
        linear(modality, getattr(a, modality), d)
        declare(f"{modality}.missing", 1, d)
    for modality in MODALITIES:
        norm(f"{modality}.norm")
        block(f"expert.{modality}.block0")
        for behavior in (0, 1):
            declare(f"expert.{behavior}.{modality}.nothing", d)
    for name in (*CONTENT, *(f"target.{modality}" for modality in MODALITIES)):
        for part in ("query", "key", "value", "output", "state"):
            declare(f"denoise.{name}.{part}", d, d)
    declare("position", a.length, d)
    declare("age", AGES, d)
    declare("expert.shared.behavior", 2, d)
    attention("expert.shared.cross")
    norm("expert.shared.norm")
    block("expert.shared.block0")
    block("expert.shared.block1")
    linear("gate", 7 * d, 6 * d)


def affine(name, x):
    return x @ P[f"{name}.weight"] + P[f"{name}.bias"]


def norm(name, x):
    return F.layer_norm(x, x.shape[-1:], P[f"{name}.scale"], P[f"{name}.shift"])


def drop(x):
    return F.dropout(x, a.dropout)


def hiding(seen):
    return torch.zeros(seen.shape).masked_fill(~seen, HIDDEN_SCORE)


def attend(name, query, memory, bias):
    """query [B, Q, D], memory [B, L, D], bias [B, Q, L] -> [B, Q, D]"""

    def split(x):
        return x.view(*x.shape[:2], a.heads, -1).transpose(1, 2)

    q, k, v = split(affine(f"{name}.query", query)), split(affine(f"{name}.key", memory)), split(affine(f"{name}.value", memory))
    weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]) + bias[:, None], -1)
    return affine(f"{name}.output", (drop(weights) @ v).transpose(1, 2).reshape(query.shape))


def block(name, query, memory, bias):
    x = norm(f"{name}.norm1", query + drop(attend(f"{name}.attention", query, memory, bias)))
    return norm(f"{name}.norm2", x + drop(affine(f"{name}.feedForward.outer", F.gelu(affine(f"{name}.feedForward.inner", x)))))


def schedule(steps):
    alpha = torch.cat([torch.ones(1), 1 - torch.linspace(0.001, 0.1, steps)])
    return alpha, torch.cumprod(alpha, 0)


def denoise(name, clean, condition, bias, weights, noise, steps):
    """clean, condition, noise [B, L, D], bias [B, L, L], weights [B, L] -> the denoised vectors, and L_m or L_b of them."""
    query, key, value, output, own = (P[f"{name}.{part}"] for part in ("query", "key", "value", "output", "state"))
    alpha, kept = schedule(steps)
    scale = 1 / math.sqrt(clean.shape[-1])
    forward = [torch.sqrt(kept[t]) * clean + torch.sqrt(1 - kept[t]) * noise for t in range(steps + 1)]
    folded = a.form == "folded"
    keys = (condition @ (key @ query.T) if folded else condition @ key).transpose(1, 2) * scale
    values = condition @ (value @ output) if folded else condition @ value
    state, loss = forward[steps], 0
    for t in range(steps, 0, -1):
        found = torch.softmax((state if folded else state @ query) @ keys + bias, -1) @ values
        eps = (found if folded else found @ output) + state @ own
        state = (state - (1 - alpha[t]) / torch.sqrt(1 - kept[t]) * eps) / torch.sqrt(alpha[t])
        loss = loss + (((state - forward[t - 1]) ** 2).mean(-1) * weights).sum() / steps
    return state, loss


def shares(ones):
    return ones / ones.sum().clamp(min=1)


def projected(modality, batch, items=None):
    vectors, has = batch[modality], batch[f"has.{modality}"]
    if items is not None:
        vectors, has = vectors[items], has[items]
    return affine(modality, vectors) + (1 - has)[..., None] * P[f"{modality}.missing"]


def forward(batch):
    """The users [P, D] of all targets, the item table [V + 1, D], and the three losses beside the softmax."""
    item, behavior, moment, seen = (batch[name] for name in ("history", "behavior", "moment", "seen"))
    rows, length = item.shape
    there = item > 0
    never = length + 1
    starts, favorite = torch.where(there, moment, never), behavior == FAVORITE
    begins = torch.where(favorite, moment, never)
    led_until = torch.where(favorite, 0, moment - 1)

    def sees(until, start):
        return start[:, None] <= until[:, :, None]

    first = begins.amin(1, keepdim=True)
    own = hiding((behavior[:, None] == behavior[:, :, None]) & sees(moment, starts))
    conditions = hiding(sees(led_until, begins))
    without = torch.where(first <= moment, 0, moment)
    shared = hiding(sees(moment, begins) | sees(without, starts))
    is_led = (first <= led_until).to(torch.get_default_dtype())

    ids = P["field.item"][item] + P["field.brand"][batch["brand"][item]]
    streams = {"id": norm("id.norm", ids), **{m: norm(f"{m}.norm", projected(m, batch, item)) for m in CONTENT}}
    losses = {"contrast": 0, "modality": 0, "behavior": 0}
    event_shares, led_shares = shares(there.to(torch.get_default_dtype())), shares(is_led)
    for m in CONTENT:
        noise = batch["noise"](f"denoise.{m}", streams[m])
        streams[m], loss = denoise(f"denoise.{m}", streams[m], streams["id"], own, event_shares, noise, a.modality)
        losses["modality"] = losses["modality"] + loss
    for m in MODALITIES:
        clean = streams[m]
        noise = batch["noise"](f"denoise.target.{m}", clean)
        state, loss = denoise(f"denoise.target.{m}", clean, clean, conditions, led_shares, noise, a.behavior)
        streams[m] = clean + (state - clean) * is_led[:, :, None]
        losses["behavior"] = losses["behavior"] + loss
    streams = {m: x + P["position"][:length] for m, x in streams.items()}

    place = torch.arange(1, length + 1)

    def reading(of):
        """Of the events that are picked and that each target sees: the last one's place, 0 for none, and who they are."""
        visible = torch.where(of, place, never)[:, None] <= seen[:, :, None]
        last = torch.where(visible, place, 0).amax(2)
        return last, hiding(visible)

    def at(x, last):
        return x.gather(1, (last - 1).clamp(min=0)[:, :, None].expand(-1, -1, x.shape[2])) * (last > 0)[:, :, None]

    specific = []
    for kind in (CLICK, FAVORITE):
        last, bias = reading(behavior == kind)
        age = torch.where(last > 0, (seen - last).clamp(0, AGES - 1), 0)
        for m in MODALITIES:
            found = block(f"expert.{m}.block0", at(streams[m], last) + P["age"][age], streams[m], bias)
            specific.append(torch.where((last > 0)[:, :, None], found, P[f"expert.{kind - 1}.{m}.nothing"]))

    events = streams["id"] + streams["image"] + streams["text"]
    told = F.one_hot(behavior, 3)[:, :, 1:].to(torch.get_default_dtype()) @ P["expert.shared.behavior"]
    x = drop(norm("expert.shared.norm", events + told + drop(attend("expert.shared.cross", events, events, shared))))
    x = block("expert.shared.block0", x, x, hiding(torch.ones(rows, length, length).tril() > 0))
    last, bias = reading(item >= 0)
    common = block("expert.shared.block1", at(x, last), x, bias)

    slots = torch.stack(specific, 2)
    gates = torch.sigmoid(affine("gate", torch.cat([common, *specific], 2)) + 1).view(slots.shape)
    users = (slots + gates * (common[:, :, None] - slots)).mean(2)
    units = F.normalize(torch.stack([*specific, common], 2), dim=-1)
    similarity = units @ units.transpose(-1, -2) / TEMPERATURE + torch.diag(torch.full((7,), HIDDEN_SCORE))
    contrast = torch.logsumexp(similarity, -1).mean(-1)
    where = batch["places"]
    losses["contrast"] = (contrast.flatten(0, 1)[where] * batch["weights"]).sum()
    named = P["field.item"] + P["field.brand"][batch["brand"]]
    table = named + projected("image", batch) + projected("text", batch)
    return users.flatten(0, 1)[where], table, losses


def whole(losses):
    return 0.005 * losses["contrast"] + losses["modality"] + losses["behavior"]


def check(path):
    with open(path, encoding="utf-8") as file:
        fixture = json.load(file)

    def tensor(numbers, kind=torch.float64):
        return torch.tensor(numbers["values"], dtype=kind).view(numbers["shape"])

    torch.set_default_dtype(torch.float64)
    config, given, targets = fixture["config"], fixture["inputs"], fixture["targets"]
    a.hidden, a.heads, a.dropout = config["hiddenSize"], config["heads"], 0
    a.modality, a.behavior = config["modalitySteps"], config["behaviorSteps"]
    P.update({name: tensor(x).requires_grad_() for name, x in fixture["parameters"].items()})
    batch = {name: tensor(given[name], torch.long) for name in ("history", "behavior", "moment", "brand")}
    batch.update({name: tensor(given[name]) for name in ("image", "text", "has.image", "has.text")})
    batch["noise"] = lambda name, _: tensor(given[f"noise.{name}"])
    rows, wide = batch["history"].shape[0], len(targets)
    batch["seen"] = torch.tensor([[target["prefix"] for target in targets]] * rows)
    batch["places"] = torch.tensor([target["window"] * wide + at for at, target in enumerate(targets)])
    weights = torch.tensor([target["weight"] for target in targets])
    batch["weights"] = weights / weights.sum()
    users, table, losses = forward(batch)
    loss = (users * tensor(given["upstream.user"])).sum() + (table * tensor(given["upstream.table"])).sum() + whole(losses)
    loss.backward()
    far = {name: abs(losses[name].item() - value) for name, value in fixture["losses"].items()}
    gradient = max((P[name].grad - tensor(x)).abs().max().item() for name, x in fixture["gradients"].items())
    print(json.dumps({"loss": abs(loss.item() - fixture["loss"]), **far, "gradients": gradient}))


def made():
    """A batch of full histories and of targets after each of their last events."""
    shape = (a.batch, a.length)
    targets = a.batch * a.targets
    return {
        "history": 1 + torch.randint(a.items, shape),
        "behavior": 1 + torch.randint(2, shape),
        "moment": torch.arange(1, a.length + 1).expand(shape),
        "seen": torch.arange(a.length - a.targets + 1, a.length + 1).expand(a.batch, a.targets),
        "places": torch.arange(targets),
        "weights": torch.full((targets,), 1 / targets),
        "target": 1 + torch.randint(a.items, (targets,)),
        "noise": lambda _, x: torch.randn_like(x),
        **known,
    }


if a.fixture:
    check(a.fixture)
    raise SystemExit
declare_all()
known = {
    "brand": torch.randint(a.brands, (a.items + 1,)),
    **{m: torch.randn(a.items + 1, getattr(a, m)) for m in CONTENT},
    **{f"has.{m}": torch.ones(a.items + 1) for m in CONTENT},
}
optimizer = torch.optim.Adam(P.values(), 1e-3)
times = []
for step in range(a.steps + 3):
    batch = made()
    start = time.process_time()
    optimizer.zero_grad(set_to_none=True)
    users, table, losses = forward(batch)
    clicked = F.cross_entropy(users @ table[1:].T, batch["target"] - 1, reduction="none")
    ((clicked * batch["weights"]).sum() + whole(losses)).backward()
    optimizer.step()
    if step >= 3:
        times.append(1e3 * (time.process_time() - start))
found = {"median_ms": round(statistics.median(times), 2), "min_ms": round(min(times), 2), "max_ms": round(max(times), 2)}
print(json.dumps({**vars(a), "torch": torch.__version__, **found}))

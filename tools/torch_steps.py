"""Take training steps of a model in PyTorch: what `npm run -s bench -- steps` holds our own steps against.

    "$PEER_PYTHON" tools/torch_steps.py SLUG FILE.safetensors OPTIONS.json --threads 1

PEER_PYTHON is any Python with torch (2.13 made the figures in docs/benchmarks.md).

The file holds all that our first step reads, by the names that it has there: parameters, batch, what is known of items, and noise. The forms of the models
are in torch_*_forms.py; one that learns several things apart has a form for each, such as "sgdl: guide". The first line printed is the loss of the first
step, which is taken with the noise of the file. Then, for each number on a line of the input, comes a list of so many steps' milliseconds of processor time:
forward, loss, backward and Adam, fp32, with noise drawn in the step.
"""

import argparse
import json
import struct
import sys
import time
import warnings

import torch

sys.dont_write_bytecode = True
from step_arrays import StepArrays  # noqa: E402
import torch_click_forms  # noqa: E402
import torch_graph_forms  # noqa: E402
import torch_multi_behavior_forms  # noqa: E402
import torch_multi_modal_click_forms  # noqa: E402
import torch_sequence_forms  # noqa: E402

p = argparse.ArgumentParser()
p.add_argument("slug")
p.add_argument("file")
p.add_argument("options", type=json.loads)
p.add_argument("--threads", type=int, default=1)
a = p.parse_args()
torch.set_num_threads(a.threads)
torch.set_default_dtype(torch.float32)
torch.manual_seed(0)
warnings.filterwarnings("ignore", "Sparse")


def arrays(path):
    kinds = {"F32": torch.float32, "I64": torch.int64}
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        body = bytearray(file.read())
    trains = json.loads(header.pop("__metadata__")["trains"])
    read = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        read[name] = torch.frombuffer(body[begin:end], dtype=kinds[entry["dtype"]]).reshape(entry["shape"])
    return read, trains


read, trains = arrays(a.file)
model = StepArrays(read, trains, a.options)
files = (torch_click_forms, torch_multi_modal_click_forms, torch_sequence_forms, torch_graph_forms, torch_multi_behavior_forms)
(file,) = (file for file in files if a.slug in file.forms)
loss_of, longest = file.forms[a.slug], getattr(file, "longest_gradient", {}).get(a.slug)
optimizer = torch.optim.Adam([model[name] for name in trains], 1e-3)


def step():
    optimizer.zero_grad(set_to_none=True)
    loss = loss_of(model)
    loss.backward()
    if longest:
        torch.nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], longest)
    optimizer.step()
    return loss


print(json.dumps(step().item()), flush=True)
model.draw_noise()
step()
for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        start = time.process_time()
        step()
        times.append(1e3 * (time.process_time() - start))
    print(json.dumps(times), flush=True)

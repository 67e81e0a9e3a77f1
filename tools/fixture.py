"""Numbers of PyTorch as JSON: what the fixture scripts beside this file share.

Every array is written as {"shape": [...], "values": [...]}, row-major, 7 significant digits. Inputs and weights are rounded
before they are used and everything is computed in float64, so that the results belong exactly to the numbers in the file.
"""

import json
import sys

import torch

torch.set_default_dtype(torch.float64)


def rounded(x):
    return torch.tensor([float(f"{value:.7g}") for value in x.flatten().tolist()]).reshape(x.shape)


def drawn(*shape, scale=1.0, center=0.0):
    """A leaf of normal values that wants its gradient."""
    return rounded(center + scale * torch.randn(*shape)).requires_grad_()


def content(modality, shape, missing):
    """Drawn vectors of a modality, [items, width], as inputs; zeros for the items that lack one."""
    present = torch.ones(shape[0])
    present[list(missing)] = 0
    return {f"item.{modality}": rounded(torch.randn(shape)) * present[:, None], f"item.{modality}.present": present}


def scalar(x):
    """One number, 9 significant digits."""
    return float(f"{x.item():.9g}")


def array(x):
    whole = not x.is_floating_point()
    values = [round(v) if whole or float(f"{v:.7g}").is_integer() else float(f"{v:.7g}") for v in x.detach().flatten().tolist()]
    return {"shape": list(x.shape), "values": values}


def arrays(tensors):
    return {name: array(x) for name, x in tensors.items()}


def gradients(loss, tensors):
    """The gradient of a scalar by each of the named leaves."""
    return arrays(dict(zip(tensors, torch.autograd.grad(loss, list(tensors.values())))))


def write(content):
    """To the path given on the command line."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: python {sys.argv[0]} OUT.json")
    text = json.dumps({"torch": torch.__version__.split("+")[0], **content}, separators=(",", ":"))
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write(text + "\n")
    print(f"{sys.argv[1]}: {len(text) / 1024:.0f} KiB")

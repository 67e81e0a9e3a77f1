"""Trains a published model on our split, by its authors' own code, and says what it makes of our targets.

    "$PEER_PYTHON" tools/published/train.py MODEL DATA OUT.json --code FOLDER [FOLDER...] [--seed 1] [--epochs N] [--patience N] [--batch N]

DATA is what `tools/published/export.ts` wrote. FOLDER is a checkout of the repository that has the model, and of RecBole where that imports it;
nothing of either is kept in this repository. PEER_PYTHON is any Python with torch and pandas.

An epoch goes over all training targets, or samples. After each, the validation part is measured; the parameters of the best epoch are kept.
`--time` trains the given epochs and does nothing else, with batches as the published trainer makes them, so that their seconds can be told.

OUT.json: `epoch` is the one that was kept, of `epochs`; `validation` and `test` have a number a target, in the order of the files: ranks from 1
among the whole catalog, ties by half, or probabilities of a click; `seconds` has the processor time of each epoch.
"""

import argparse
import copy
import json
import os
import random
import sys
import time

import numpy
import torch

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stand_ins import stand_in_for_missing


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("out")
    parser.add_argument("--code", nargs="+", required=True)
    parser.add_argument("--seed", type=int, default=1)
    for name in ("epochs", "patience", "batch"):
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--time", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    sys.path[:0] = [os.path.abspath(folder) for folder in asked.code]
    stand_in_for_missing()
    for seed in (random.seed, numpy.random.seed, torch.manual_seed):
        seed(asked.seed)
    from click_models import click_models
    from next_item_models import next_item_models

    published = (next_item_models | click_models)[asked.model](asked.data, batch=asked.batch, whole=asked.time)
    told = {"model": asked.model, "seed": asked.seed, **published.settings}
    if asked.time:
        told["seconds"] = [timed_epoch(published, epoch)[1] for epoch in range(1, asked.epochs + 1)]
    else:
        told |= trained(published, asked)
    with open(asked.out, "w") as file:
        json.dump(told, file)


def timed_epoch(published, epoch):
    """One epoch: its loss, and its seconds of processor time."""
    published.model.train()
    began = time.process_time()
    loss = published.train_epoch(epoch)
    return loss, time.process_time() - began


def trained(published, asked):
    epochs, patience = asked.epochs or published.epochs, asked.patience or published.patience
    best, kept, epoch, seconds = -float("inf"), None, 0, []
    while epoch < epochs and epoch - (kept["epoch"] if kept else 0) < patience:
        epoch += 1
        loss, spent = timed_epoch(published, epoch)
        seconds.append(spent)
        published.model.eval()
        values, value = published.measure("validation")
        print(f"{asked.model}, seed {asked.seed}, epoch {epoch}: loss {loss:.4f}, validation {abs(value):.4f}, {spent:.1f} s", flush=True)
        if value > best:
            best = value
            kept = {"epoch": epoch, "validation": values, "parameters": copy.deepcopy(published.model.state_dict())}
        else:
            published.failed()
    published.model.load_state_dict(kept["parameters"])
    published.model.eval()
    test, value = published.measure("test")
    print(f"test {abs(value):.4f}")
    return {"epochs": epoch, "epoch": kept["epoch"], "validation": kept["validation"], "test": test, "seconds": seconds, "patience": patience}


main()

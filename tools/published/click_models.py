"""How each published model of clicks is set up: its authors' class, their options, our samples. Their code is imported, and not kept here.

Each has what `next_item_models.py` says; `measure(part)` gives a probability a sample, and less their log loss, so that more is better.

Batches are ours, 256 samples; theirs are for larger data. As in their framework (FuxiCTR) a gradient is cut to length 10, and the rate falls to
a tenth after an epoch that was no better by validation, the second of which ends training.
"""

import json
import os

import numpy
import torch

longest = 50
parts = ("train", "validation", "test")


def read_data(folder):
    """Samples as columns [samples, 3 + L]: label, rows of user and candidate, rows of the last events; and the candidates' numbers."""
    with open(os.path.join(folder, "about.json")) as file:
        data = json.load(file)
    rows = {}
    for name in ("items", "users"):
        with open(os.path.join(folder, f"{name}.tsv")) as file:
            rows[name] = numpy.array([int(line) for line in file])
    for part in parts:
        with open(os.path.join(folder, f"{part}.tsv")) as file:
            lines = [line.rstrip("\n").split("\t") for line in file]
        labels, users, items = (numpy.array([int(line[at]) for line in lines]) for at in range(3))
        events = numpy.zeros((len(lines), longest), dtype=int)
        for row, line in enumerate(lines):
            last = [int(item) for item in line[3].split()][-longest:]
            events[row, : len(last)] = last
        data[part] = {
            "label": torch.tensor(labels),
            "user": torch.tensor(rows["users"][users]),
            "item": torch.tensor(rows["items"][items]),
            "history": torch.tensor(rows["items"][events]),
            # Vectors are those of an item itself, rare or not.
            "content": torch.tensor(items),
            "contents": torch.tensor(events),
        }
    for modality, width in data["widths"].items():
        data[modality] = torch.from_numpy(numpy.fromfile(os.path.join(folder, f"{modality}.f32"), dtype="<f4").reshape(-1, width))
    return data


def sequence(rows, **others):
    return {"type": "sequence", "source": "", "vocab_size": rows, "max_len": longest, "padding_idx": 0, **others}


def category(rows, **others):
    return {"type": "categorical", "source": "", "vocab_size": rows, "padding_idx": 0, **others}


class FuxiModel:
    """A model of FuxiCTR: its own steps, on batches as its loader makes them."""

    def __init__(self, model, data, matrix, batch=None, whole=False):
        self.model, self.data, self.matrix = model, data, matrix
        self.epochs, self.patience, self.batch = 100, 2, batch or 256
        model._max_gradient_norm = 10.0
        parameters = sum(one.numel() for one in model.parameters() if one.requires_grad)
        self.settings = {"batch": self.batch, "rate": 1e-3, "parameters": parameters}

    def batch_of(self, part, rows):
        """A batch by the names of its fields, or the same side by side where the older framework wants it so."""
        columns = {name: values[rows] for name, values in self.data[part].items()}
        fields = {name: columns[source] for name, source in fields_of(self.model.feature_map).items()}
        if not self.matrix:
            return {**fields, "label": columns["label"]}
        wide = [values if values.dim() == 2 else values.unsqueeze(1) for values in (*fields.values(), columns["label"])]
        return torch.cat(wide, dim=1)

    def train_epoch(self, number):
        order = torch.randperm(len(self.data["train"]["label"]))
        losses = [self.model.train_step(self.batch_of("train", rows)).item() for rows in order.split(self.batch)]
        return sum(losses) / len(losses)

    def measure(self, part):
        labels = self.data[part]["label"]
        with torch.no_grad():
            said = [self.model.forward(self.batch_of(part, rows))["y_pred"] for rows in torch.arange(len(labels)).split(2048)]
        said = torch.cat(said).flatten().double()
        loss = torch.nn.functional.binary_cross_entropy(said.clamp(1e-7, 1 - 1e-7), labels.double())
        return said.tolist(), -loss.item()

    def failed(self):
        self.model.lr_decay()


def fields_of(feature_map):
    """Which column of ours a field is."""
    return {name: spec["reads"] for name, spec in feature_map.features.items()}


def feature_map(features, width):
    from fuxictr.features import FeatureMap

    made = FeatureMap("ours", ".")
    made.features.update(features)
    made.labels, made.default_emb_dim = ["label"], width
    made.num_fields = made.get_num_fields()
    made.set_column_index()
    return made


common = {"task": "binary_classification", "loss": "binary_crossentropy", "optimizer": "adam", "metrics": ["logloss", "AUC"]} | {
    "monitor": "AUC",
    "verbose": 0,
    "model_root": ".",
    "learning_rate": 1e-3,
}


def din(folder, **how):
    """FuxiCTR's, by the defaults of its class but for the width of embeddings, which is ours."""
    from src.DIN import DIN

    data, width = read_data(folder), 16
    fields = {
        "user": category(data["userRows"], reads="user"),
        "item": category(data["itemRows"], reads="item"),
        "history": sequence(data["itemRows"], reads="history", share_embedding="item"),
    }
    targets = {"din_target_field": ["item"], "din_sequence_field": ["history"]}
    model = DIN(feature_map(fields, width), embedding_dim=width, **targets, **common)
    return FuxiModel(model, data, matrix=False, **how)


def simcen(folder, **how):
    """By the options of the authors' run on KuaiVideo, whose fields are ours: ids, and vectors, of 64 numbers there, of candidate and history."""
    from src.SimCEN import SimCEN

    data, width = read_data(folder), 64
    mean = {"feature_encoder": "layers.MaskedAveragePooling()"}
    fields = {
        "user": category(data["userRows"], reads="user"),
        "item": category(data["itemRows"], reads="item"),
        "history": sequence(data["itemRows"], reads="history", share_embedding="item", **mean),
    }
    for modality in data["widths"]:
        fields[modality] = category(data["items"] + 1, reads="content")
        fields[f"{modality} history"] = sequence(data["items"] + 1, reads="contents", share_embedding=modality, **mean)
    views = {"ego_hidden_activations": "relu", "v1_hidden_activations": "mish", "v2_hidden_activations": "gelu"}
    norms = {f"{name}_batch_norm": True for name in ("ego", "v1", "v2")}
    drops = {"through_dropout": 0.2, "ego_dropout": 0.1, "v1_dropout": 0.3, "v2_dropout": 0.3}
    own = {"alpha": 0.01, "cl_temperature": 0.3, "hidden_units": [480, 480, 480], "embedding_regularizer": 0.0005}
    model = SimCEN(feature_map(fields, width), embedding_dim=width, **own, **views, **norms, **drops, **common)
    for modality in data["widths"]:
        directions = torch.linalg.svd(data[modality], full_matrices=False).Vh[:width]
        table = model.embedding_layer.embedding_layer.embedding_layers[modality]
        table.weight.data.copy_(data[modality] @ directions.T)
        table.weight.requires_grad = False
    return FuxiModel(model, data, matrix=True, **how)


click_models = {"din": din, "simcen": simcen}

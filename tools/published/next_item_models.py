"""How each published model of the next item is set up: its authors' class, their options, our data. Their code is imported, and not kept here.

Each has `model`, `epochs` and `patience`, `train_epoch(number)`, which goes over every training target once and returns the loss,
`measure(part)`, the ranks of a part's targets and their NDCG@10, and `settings`, what the table tells. Every item of a user's training events but
the first is a target.

Widths are ours, 64, and so are batches of 512 rows, a target each: theirs are for larger data, 2,048 rows a batch being 6 steps an epoch here.
"""

import contextlib
import io
import json
import math
import os
import pickle
import random
import tempfile
from types import SimpleNamespace

import numpy
import torch

longest = 50
# What a RecBole model asks its configuration for; fields are named as RecBole names them.
recbole = {
    "USER_ID_FIELD": "user_id",
    "ITEM_ID_FIELD": "item_id",
    "LIST_SUFFIX": "_list",
    "ITEM_LIST_LENGTH_FIELD": "item_length",
    "NEG_PREFIX": "neg_",
    "MAX_ITEM_LIST_LENGTH": longest,
    "device": torch.device("cpu"),
    "loss_type": "CE",
}
blocks = {
    "n_layers": 2,
    "n_heads": 2,
    "hidden_size": 64,
    "inner_size": 256,
    "hidden_dropout_prob": 0.5,
    "attn_dropout_prob": 0.5,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
    "initializer_range": 0.02,
}


def read_data(folder):
    with open(os.path.join(folder, "about.json")) as file:
        data = json.load(file)
    with open(os.path.join(folder, "train.tsv")) as file:
        data["train"] = [[int(item) for item in line.split()] for line in file]
    for part in ("validation", "test"):
        with open(os.path.join(folder, f"{part}.tsv")) as file:
            rows = [line.rstrip("\n").split("\t") for line in file]
        data[part] = [([int(item) for item in history.split()], int(target)) for history, target in rows]
    for modality, width in data["widths"].items():
        vectors = numpy.fromfile(os.path.join(folder, f"{modality}.f32"), dtype="<f4")
        data[modality] = torch.from_numpy(vectors.reshape(-1, width))
    return data


def padded(histories, length):
    """The last items of each history at places 0 ... n - 1, padded behind to a length [B, length]; and how many there are [B]."""
    rows = [history[-length:] for history in histories]
    items = torch.zeros(len(rows), length, dtype=torch.long)
    for row, history in enumerate(rows):
        items[row, : len(history)] = torch.tensor(history)
    return items, torch.tensor([len(history) for history in rows])


def expected_ranks(scores, targets):
    """The rank of each target among the scores of items 1 ... N [B, N], ties by half."""
    own = scores.gather(1, (targets - 1).unsqueeze(1))
    greater = (scores > own).sum(1)
    equal = (scores == own).sum(1) - 1
    return (1 + greater + equal / 2).tolist()


def ndcg10(ranks):
    return sum(1 / math.log2(1 + rank) for rank in ranks if rank <= 10) / len(ranks)


def measured(published, rows, batch=512):
    """Ranks of a part's targets, histories of like length together, and their NDCG@10."""
    order = sorted(range(len(rows)), key=lambda row: len(rows[row][0]))
    ranks = [0.0] * len(rows)
    with torch.no_grad():
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            scores = published.scores([rows[row][0] for row in chosen])
            targets = torch.tensor([rows[row][1] for row in chosen])
            for row, rank in zip(chosen, expected_ranks(scores, targets)):
                ranks[row] = rank
    return ranks, ndcg10(ranks)


def shuffled(count, batch, length=None):
    """Row numbers in a new order, in batches; where a length of each is given, four batches that follow each other share out theirs by it."""
    order = torch.randperm(count).tolist()
    if length:
        shared = 4 * batch
        order = [row for start in range(0, count, shared) for row in sorted(order[start : start + shared], key=length)]
    batches = [order[start : start + batch] for start in range(0, count, batch)]
    random.shuffle(batches)
    return batches


class RecBoleModel:
    """A sequential model of RecBole's kind: a row a target, its own loss, Adam."""

    def __init__(self, model, data, batch=None, whole=False, rate=1e-3, epochs=300, apart=True, trimmed=True):
        self.model, self.data, self.epochs, self.patience = model, data, epochs, 10
        self.batch = batch or 512
        # Rows whose losses do not meet can be computed in groups of like length: the same gradient, with less padding.
        self.apart = apart and not whole
        self.trimmed = trimmed and not whole
        self.rows = [(items[:at], items[at]) for items in data["train"] for at in range(1, len(items))]
        self.optimizer = torch.optim.Adam([one for one in model.parameters() if one.requires_grad], lr=rate)
        parameters = sum(one.numel() for one in model.parameters() if one.requires_grad)
        self.settings = {"batch": self.batch, "rate": rate, "parameters": parameters}

    def interaction(self, histories, targets=None):
        length = max(map(len, histories)) if self.trimmed else longest
        items, counts = padded(histories, min(length, longest))
        read = {"item_id_list": items, "item_length": counts, "timestamp_list": torch.zeros(items.shape)}
        return read if targets is None else {**read, "item_id": torch.tensor(targets)}

    def groups(self, rows):
        """A batch's rows, by the length of their histories where that changes no loss."""
        if not self.apart:
            return [rows]
        bounds = [(0, 4), (5, 9), (10, 10**6)]
        return [group for low, high in bounds if (group := [row for row in rows if low <= len(self.rows[row][0]) <= high])]

    def train_epoch(self, number):
        total = 0.0
        sorted_by = (lambda row: len(self.rows[row][0])) if self.trimmed and not self.apart else None
        for rows in shuffled(len(self.rows), self.batch, sorted_by):
            self.optimizer.zero_grad()
            for group in self.groups(rows):
                histories, targets = zip(*(self.rows[row] for row in group))
                loss = self.model.calculate_loss(self.interaction(histories, targets)) * (len(group) / len(rows))
                loss.backward()
                total += loss.item() * len(rows)
            self.optimizer.step()
        return total / len(self.rows)

    def measure(self, part):
        return measured(self, self.data[part])

    def failed(self):
        """After an epoch that was no better: nothing."""

    def scores(self, histories):
        return self.model.full_sort_predict(self.interaction(histories))[:, 1:]


class Dataset:
    """What a RecBole model asks its dataset for."""

    iid_field = "item_id"

    def __init__(self, data):
        self.items = data["items"]
        self.tokens = numpy.array(["[PAD]", *(str(item) for item in range(1, self.items + 1))])
        if "text" in data:
            self.plm_size = data["text"].shape[1]
            self.plm_embedding = torch.nn.Embedding.from_pretrained(data["text"], freeze=True, padding_idx=0)

    def num(self, field):
        return self.items + 1

    def id2token(self, field, items):
        return self.tokens[items.numpy()]


def sasrec(folder, **how):
    data = read_data(folder)
    from recbole.model.sequential_recommender.sasrec import SASRec

    return RecBoleModel(SASRec({**recbole, **blocks}, Dataset(data)), data, **how)


def fdsa(folder, **how):
    """UniSRec's baseline, which reads texts."""
    data = read_data(folder)
    from baselines.fdsa import FDSA

    width = data["text"].shape[1]
    config = {**recbole, **blocks, "selected_features": ["class"], "pooling_mode": "mean", "adapter_layers": [width, blocks["hidden_size"]]}
    return RecBoleModel(FDSA(config, Dataset(data)), data, **how)


def unisrec(folder, **how):
    """From scratch, transductive: ids and texts."""
    data = read_data(folder)
    from unisrec import UniSRec

    adaptor = {"n_exps": 8, "adaptor_layers": [data["text"].shape[1], blocks["hidden_size"]], "adaptor_dropout_prob": 0.2}
    config = {**recbole, **blocks, **adaptor, "train_stage": "transductive_ft", "temperature": 0.07, "lambda": 1e-3}
    return RecBoleModel(UniSRec(config, Dataset(data)), data, **how)


def hm4sr(folder, **how):
    """Without times and categories, which the data lack: all times are 0, and no category holds an item."""
    data = read_data(folder)
    from recbole_model.HM4SR import HM4SR

    keep_off_cuda()
    with published_files("HM4SR") as folder:
        for modality, name in (("text", "txt_emb.pt"), ("image", "img_emb.pt")):
            # The code takes vectors of 768 numbers: zeros behind ours change no product.
            torch.save(torch.nn.functional.pad(data[modality], (0, 768 - data[modality].shape[1])), os.path.join(folder, name))
        # It looks up as many categories as there are places.
        torch.save(torch.zeros(data["items"] + 1, longest), os.path.join(folder, "cat.pt"))
        for name, value in (("interval_num", 1.0), ("minmax_num", (0, 0))):
            with open(os.path.join(folder, name), "wb") as file:
                pickle.dump(value, file)
        own = {"initializer_weight": [0.0, 1.0, 1.0], "temperature": 0.2, "beta": 0.3, "phcl_temperature": 1.0, "phcl_weight": 1.0}
        experts = {"start_expert_num": 4, "start_gate_selection": "softmax", "temporal_expert_num": 4, "temporal_gate_selection": "softmax"}
        config = {**recbole, **blocks, **own, **experts, "interval_scale": 100, "dataset": "HM4SR"}
        model = HM4SR(config, Dataset(data))
    # Its contrasts set rows of a batch apart, so that a batch stays whole, and has rows of like length to save padding.
    return RecBoleModel(model, data, apart=False, epochs=100, **how)


@contextlib.contextmanager
def published_files(name):
    """A folder `dataset/NAME` to write the files into that a model opens while it is made."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, "dataset", name))
        os.chdir(folder)
        try:
            yield os.path.join("dataset", name)
        finally:
            os.chdir(before)


def keep_off_cuda():
    """Code that names its device gets the processor."""
    to = torch.Tensor.to
    if getattr(to, "stays", False):
        return

    def stay(tensor, *where, **options):
        return to(tensor, *("cpu" if one == "cuda" else one for one in where), **options)

    stay.stays = True
    torch.Tensor.to = stay
    torch.Tensor.cuda = lambda tensor, *_: tensor


def mmmlp(folder, **how):
    """Its names that are not defined get what they stand for: vectors of 128 numbers, ours by their 128 main directions."""
    data = read_data(folder)
    import mmmlp as published

    width = 128

    def contents(modality):
        vectors = data[modality]
        directions = torch.linalg.svd(vectors, full_matrices=False).Vh[:width]
        short = vectors @ directions.T
        return {str(item): short[item : item + 1] for item in range(1, data["items"] + 1)}

    keep_off_cuda()
    published.open = lambda *_: None
    published.pickle = SimpleNamespace(load=lambda _: contents("text"))
    published.torch = OnProcessor()
    config = {**recbole, **blocks, "hidden_size": width, "n_layers": 4, "hidden_dropout_prob": 0.2, "train_batch_size": 256}
    model = published.MMMLP(config, Dataset(data))
    model.content1 = contents("image")
    # Its weights of places are for the whole length. Its own script has batches of 256 and a rate of 1e-4.
    own = {**how, "batch": how["batch"] or 256}
    return RecBoleModel(model, data, apart=False, trimmed=False, epochs=100, rate=1e-4, **own)


class OnProcessor:
    """PyTorch with the processor for every device."""

    def __getattr__(self, name):
        return getattr(torch, name)

    def device(self, *_):
        return torch.device("cpu")


class Stosa:
    """Windows of whole histories, padded in front, a drawn negative a target; the authors' trainer takes the steps."""

    def __init__(self, folder, batch=None, whole=False):
        data = read_data(folder)
        import utils

        # The trainer imports two tables of figures that the repository does not have.
        for name in ("get_user_performance_perpopularity", "get_item_performance_perpopularity"):
            setattr(utils, name, None)
        from seqmodels import DistSAModel
        from trainers import DistSAModelTrainer

        self.data = data
        # A place that no history reaches changes nothing but the time.
        self.length = longest if whole else max(map(len, (history for history, _ in data["test"])))
        # The command that the authors print, but for the longest history.
        self.arguments = SimpleNamespace(
            item_size=data["items"] + 1,
            num_users=data["users"] + 1,
            hidden_size=64,
            max_seq_length=self.length,
            num_hidden_layers=1,
            num_attention_heads=4,
            hidden_act="gelu",
            hidden_dropout_prob=0.3,
            attention_probs_dropout_prob=0.0,
            initializer_range=0.02,
            distance_metric="wasserstein",
            pvn_weight=0.005,
            kernel_param=1.0,
            lr=1e-3,
            weight_decay=0.0,
            adam_beta1=0.9,
            adam_beta2=0.999,
            no_cuda=True,
            cuda_condition=False,
            log_freq=10**9,
            log_file=os.devnull,
        )
        self.model = DistSAModel(self.arguments)
        with contextlib.redirect_stdout(io.StringIO()):
            self.trainer = DistSAModelTrainer(self.model, None, None, None, self.arguments)
        self.batch = batch or 256
        self.epochs, self.patience = 500, 100
        self.users = [user for user, items in enumerate(data["train"]) if len(items) > 1]
        parameters = sum(one.numel() for one in self.model.parameters())
        self.settings = {"batch": self.batch, "rate": self.arguments.lr, "parameters": parameters}

    def in_front(self, histories):
        rows = [history[-self.length :] for history in histories]
        return torch.tensor([[0] * (self.length - len(row)) + list(row) for row in rows])

    def negatives(self, items):
        """An item that the user's training does not have, for each target."""
        touched = set(items)
        drawn = []
        while len(drawn) < len(items) - 1:
            item = random.randint(1, self.data["items"])
            if item not in touched:
                drawn.append(item)
        return drawn

    def train_epoch(self, number):
        batches = []
        for rows in shuffled(len(self.users), self.batch):
            users = [self.users[row] for row in rows]
            lists = [self.data["train"][user] for user in users]
            inputs, targets = self.in_front([one[:-1] for one in lists]), self.in_front([one[1:] for one in lists])
            negatives = self.in_front([self.negatives(one) for one in lists])
            batches.append((torch.tensor(users), inputs, targets, negatives, torch.zeros(len(users), 1)))
        losses = []
        step = self.trainer.bpr_optimization

        def noted(*given):
            loss, auc, apart = step(*given)
            losses.append(loss.item())
            return loss, auc, apart

        self.trainer.bpr_optimization = noted
        self.trainer.iteration(number, batches)
        self.trainer.bpr_optimization = step
        return sum(losses) / len(losses)

    def measure(self, part):
        return measured(self, self.data[part])

    def failed(self):
        """After an epoch that was no better: nothing."""

    def scores(self, histories):
        inputs = self.in_front(histories)
        mean, covariance, _, _ = self.model.finetune(inputs, torch.zeros(len(histories), dtype=torch.long))
        distances = self.trainer.dist_predict_full(mean[:, -1, :], covariance[:, -1, :])
        return -distances[:, 1:]


next_item_models = {"sasrec": sasrec, "fdsa": fdsa, "unisrec": unisrec, "hm4sr": hm4sr, "mmmlp": mmmlp, "stosa": Stosa}

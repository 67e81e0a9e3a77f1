"""Stand-ins for modules that published code imports and that training one model here never calls: loggers, tables of text, data frames."""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from unittest.mock import MagicMock

names = ["pandas", "texttable", "colorlog", "colorama", "tqdm", "scipy", "tensorboard", "h5py", "sklearn", "polars", "psutil", "thop", "keras_preprocessing"]


class StandIn(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a module of a missing package as an object that can be asked for anything."""

    def __init__(self, missing):
        self.missing = missing

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.missing or (name == "torch.utils.tensorboard" and "tensorboard" in self.missing):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        module = MagicMock(name=spec.name)
        module.__path__ = []
        return module

    def exec_module(self, module):
        pass


def stand_in_for_missing():
    """Lets every module of `names` that is not installed be imported."""
    missing = {name for name in names if importlib.util.find_spec(name) is None}
    if missing:
        sys.meta_path.insert(0, StandIn(missing))

"""One trained seed is one JSON line: written once, read by every chart and table."""

import json
import os
import platform
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version

import torch

from lessonlib.places import DATA, runs_folder

__all__ = ["Run", "record", "load_runs", "own_runs", "machine", "versions"]


@dataclass(frozen=True)
class Run:
    """What one training gave.

    arm, seed: which one; recipe: the tier's numbers; data, stand_in: what it saw; epochs: for each finished epoch
    `loss`, `valid_loss`, `accuracy` (share of the validation set), `seconds` (training only) and `images_per_second`;
    losses: the training loss of every batch; parameters: of the model; finished: False where it was stopped.
    """

    arm: str
    seed: int
    recipe: dict
    data: str
    stand_in: bool
    epochs: list
    losses: list
    parameters: int
    finished: bool
    machine: str
    versions: dict

    @property
    def accuracy(self):
        """Share of the validation set the last finished epoch got right, None before the first one ends."""
        return self.epochs[-1]["accuracy"] if self.epochs else None

    def matches(self, tier, photos):
        """Whether it was trained to its end on `photos`, by the recipe of `tier`."""
        alike = _as_json(self.recipe) == _as_json(asdict(tier))  # a recorded recipe has lists where a tier has tuples
        return self.finished and alike and self.data == photos.source


def record(run, name="local"):
    """Append `run` to `<runs folder>/<name>.jsonl`, in one write so that two writers never mix their lines."""
    runs_folder().mkdir(parents=True, exist_ok=True)
    line = (json.dumps(asdict(run)) + "\n").encode()
    file = os.open(runs_folder() / f"{name}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(file, line)
    finally:
        os.close(file)


def load_runs(name="local"):
    """The recorded runs of that name, oldest first: this machine's, else those that came with the course, else none.

    A damaged line is named and left out.
    """
    path = runs_folder() / f"{name}.jsonl"
    return _read(path if path.exists() else DATA / "runs" / path.name)


def own_runs(name="local"):
    """As `load_runs`, but only what this machine has recorded."""
    return _read(runs_folder() / f"{name}.jsonl")


def _read(path):
    runs = []
    for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], 1):
        try:
            values = json.loads(line)
            runs.append(Run(**{field.name: values[field.name] for field in fields(Run)}))
        except (ValueError, KeyError, TypeError):
            print(f"Left out line {number} of {path}: it is no whole run.")
    return runs


def _as_json(recipe):
    return json.dumps(recipe, sort_keys=True)


def machine():
    """What computes, in words: the GPU's name, or the CPU's architecture and the cores torch uses."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"CPU, {platform.machine()}, threads: {torch.get_num_threads()}"


def versions():
    """Versions of what the numbers depend on."""
    return {"python": platform.python_version()} | {name: version(name) for name in ("torch", "fastai")}

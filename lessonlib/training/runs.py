"""One trained seed is one JSON line: written once, read by every chart and table."""

import json
import platform
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version

import torch
from filelock import FileLock

from lessonlib.paths import DATA, runs_folder, unfinished_folder

__all__ = ["Run", "run_key", "record", "recorded", "load_runs", "own_runs", "machine", "versions"]


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
        alike = _as_json(self.recipe) == _as_json(
            asdict(tier)
        )  # a recorded recipe has lists where a tier has tuples
        return self.finished and alike and self.data == photos.source


def run_key(arm, recipe, seed, data):
    """One text for each run there can be: `recipe` is a tier as a dictionary, fresh or back from its line."""
    return json.dumps([arm, recipe, seed, data])


def record(run, name="local"):
    """Append `run` to `<runs folder>/<name>.jsonl`. Writers wait for each other, on machines that share the folder too.

    Half a line, left by a writer that was killed, is cut off first.
    Raises OSError where the disk is full or cannot be written, and then nothing is added; TypeError for what is no Run;
    ValueError for a name that is none.
    """
    if not isinstance(run, Run):
        raise TypeError(
            f"record takes a Run, as training.fit gives it, not a {type(run).__name__}."
        )
    path = _file(runs_folder(), name)
    line = (json.dumps(asdict(run)) + "\n").encode()
    with FileLock(unfinished_folder() / f"{name}.lock"), _opened(path) as file:
        end, written = _mended(file), 0
        with suppress(OSError):  # raised where there is no room for a single byte
            written = file.write(line)
        if written < len(line):
            file.truncate(end)
            raise OSError(
                f"{path} has no room for the run of {run.arm}, seed {run.seed}; free some and start again."
            )


def _opened(path):
    try:
        return path.open("a+b", buffering=0)
    except OSError as error:
        raise OSError(
            f"{path} cannot be written ({error.strerror}): set LESSON_RUNS to another folder."
        ) from error


def _file(folder, name):
    if not isinstance(name, str) or not re.fullmatch(r"[\w .-]*\w", name):
        raise ValueError(
            f"{name!r} is no name for a set of runs: use letters, digits, spaces, - and _."
        )
    return folder / f"{name}.jsonl"


def _mended(file):
    """The size of the file, in bytes, once its last line is whole: nobody is writing it any more, we hold the lock."""
    file.seek(0)
    last = file.read().rpartition(b"\n")[2]
    try:
        json.loads(last or b"0")
        file.write(
            b"\n" if last else b""
        )  # whole, but for the end of the line: an editor may have taken that
    except ValueError:
        file.truncate(file.tell() - len(last))
    return file.seek(0, 2)


def load_runs(name="local"):
    """The recorded runs of that name: those that came with the course, then this machine's. None is there: an empty list.

    A damaged line is named and left out.
    """
    return _whole(_lines(name, (DATA / "runs", runs_folder())))


def own_runs(name="local"):
    """As `load_runs`, but only what this machine has recorded."""
    return _whole(_lines(name, (runs_folder(),)))


def _whole(lines):
    runs = []
    for path, number, run in lines:
        if run is None:
            print(f"Left out line {number} of {path}: it is no whole run; delete that line.")
        else:
            runs.append(run)
    return runs


def recorded(name):
    """What is recorded under that name, finished, as the texts of `which`."""
    runs = [run for _, _, run in _lines(name, (DATA / "runs", runs_folder())) if run]
    return {run_key(run.arm, run.recipe, run.seed, run.data) for run in runs if run.finished}


def _as_json(recipe):
    return json.dumps(recipe, sort_keys=True)


def _lines(name, folders):
    """(path, number, Run or None where it is damaged) of every line in these folders."""
    for path in dict.fromkeys(_file(folder, name) for folder in folders):
        for number, line in enumerate(path.read_bytes().splitlines() if path.is_file() else [], 1):
            try:
                yield path, number, _run(json.loads(line))
            except (ValueError, KeyError, TypeError, RecursionError):
                yield path, number, None


def _run(values):
    """The Run of a line's values; ValueError, KeyError or TypeError for those of an older or another program."""
    run = Run(**{field.name: values[field.name] for field in fields(Run)})
    for field in fields(Run):
        if not isinstance(getattr(run, field.name), field.type):
            raise TypeError(field.name)
    if not all(0 <= epoch["accuracy"] <= 1 for epoch in run.epochs):
        raise ValueError("accuracy")
    return run


def machine():
    """What computes, in words: the GPU's name, or the CPU's architecture and the cores torch uses."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"CPU, {platform.machine()}, threads: {torch.get_num_threads()}"


def versions():
    """Versions of what the numbers depend on."""
    return {"python": platform.python_version()} | {
        name: version(name) for name in ("torch", "fastai")
    }

"""One trained seed is one JSON line: written once, read by every chart and table."""

import json
import platform
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from lessonlib.device import check_precision, choose_device, describe_device
from lessonlib.paths import DATA, runs_folder, unfinished_folder
from lessonlib.training.run_lines import check_run, up_to_date, without_repeats

__all__ = ["Arithmetic", "arithmetic_here", "Run", "run_key", "record", "recorded"]
__all__ += ["load_runs", "own_runs", "machine", "versions"]


RESERVED = r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?"  # on Windows these are devices


class Arithmetic(NamedTuple):
    """How a run was computed: the kind of device, the precision, torch's version.

    Runs that differ in it may differ in accuracy for that reason alone, so they are not compared.
    """

    device: str
    precision: str
    torch: str


def arithmetic_here(precision: str | None = None) -> Arithmetic:
    """How this machine computes: in `precision`, or for None in the best its device has.

    Raises ValueError for a precision that the device lacks.
    """
    device = choose_device()
    return Arithmetic(device.type, check_precision(precision, device), version("torch"))


@dataclass(frozen=True)
class Run:
    """What one training gave.

    arm, seed: which one; recipe: the tier's numbers; data: the data set; copy: which copy of it;
    stand_in: True for the synthetic one; device, precision: as in `Arithmetic`;
    epochs: for each finished epoch `loss`, `valid_loss`, `accuracy` (share of the validation set),
    `seconds` (training only) and `images_per_second`; losses: the training loss of every batch;
    parameters: of the model; finished: False if it was stopped; recorded: when it ended, UTC.
    """

    arm: str
    seed: int
    recipe: dict
    data: str
    copy: str
    stand_in: bool
    device: str
    precision: str
    epochs: list
    losses: list
    parameters: int
    finished: bool
    machine: str
    versions: dict
    recorded: str

    @property
    def accuracy(self) -> float | None:
        """Share of the validation set that the last finished epoch got right, None before it."""
        return self.epochs[-1]["accuracy"] if self.epochs else None

    @property
    def arithmetic(self) -> Arithmetic:
        """How it was computed."""
        return Arithmetic(self.device, self.precision, self.versions["torch"])

    @property
    def key(self) -> str:
        """Its `run_key`."""
        return run_key(self.arm, self.recipe, self.seed, self.data, self.arithmetic)

    def matches(self, tier, photos) -> bool:
        """Whether it was trained to its end on `photos`' data set, by the recipe of `tier`."""
        same_recipe = _as_json(self.recipe) == _as_json(asdict(tier))
        return self.finished and same_recipe and self.data == photos.source


def run_key(arm: str, recipe: dict, seed: int, data: str, arithmetic: Arithmetic) -> str:
    """One text for each run there can be. recipe: a tier as a dictionary, fresh or from a line."""
    return _as_json([arm, recipe, seed, data, *arithmetic])


def record(run: Run, name: str = "local") -> None:
    """Append `run` to `<runs folder>/<name>.jsonl`; writers wait for each other, over NFS too.

    Half a line, left by a writer that was killed, is cut off first. Raises OSError if the disk is
    full or cannot be written, and then nothing is added; TypeError if `run` is not a Run;
    ValueError for an invalid name, or a run that `load_runs` would leave out.
    """
    if not isinstance(run, Run):
        raise TypeError(
            f"record takes a Run, as training.fit gives it, not a {type(run).__name__}."
        )
    path = _file(runs_folder(), name)
    _check(run)
    line = (json.dumps(asdict(run)) + "\n").encode()
    written = 0
    with FileLock(unfinished_folder() / f"{name}.lock"), _opened(path) as file:
        end = _mended(file)
        with suppress(OSError):  # raised if there is no room for a single byte
            written = file.write(line)
        if written < len(line):
            file.truncate(end)
            raise OSError(
                f"{path} has no room for the run of {run.arm}, seed {run.seed}: "
                "free some and start again."
            )


def load_runs(name: str = "local") -> list[Run]:
    """The recorded runs of that name: those that came with the course, then this machine's.

    `local` is one's own folder alone. An empty list if there are none. A damaged line is named and
    left out, and of a finished run that is there twice, the earlier one.
    """
    return without_repeats(list(_lines(name, _folders(name))))


def own_runs(name: str = "local") -> list[Run]:
    """As `load_runs`, but only what this machine has recorded."""
    return without_repeats(list(_lines(name, (runs_folder(),))))


def recorded(name: str) -> set[str]:
    """The `run_key` of every finished run under that name."""
    lines = _lines(name, _folders(name))
    return {run.key for _, _, run in lines if run and run.finished}


def machine() -> str:
    """What computes, in words."""
    return describe_device(choose_device())


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    packages = {name: version(name) for name in ("torch", "fastai")}
    return {"python": platform.python_version()} | packages


def _folders(name):
    own = runs_folder()
    return (own,) if name == "local" else (DATA / "runs", own)


def _as_json(value):
    return json.dumps(value, sort_keys=True)


def _file(folder, name):
    whole = isinstance(name, str) and re.fullmatch(r"[\w .-]{0,99}\w", name)
    if not whole or re.fullmatch(RESERVED, name, re.IGNORECASE):
        raise ValueError(
            f"{str(name)[:110]!r} is no name for a set of runs: "
            "use at most 100 letters, digits, spaces, - and _."
        )
    return folder / f"{name}.jsonl"


def _opened(path):
    try:
        return path.open("a+b", buffering=0)
    except OSError as error:
        raise OSError(
            f"{path} cannot be written ({error.strerror}): set LESSON_RUNS to another folder."
        ) from error


def _mended(file):
    """The file's size in bytes, its last line made whole; nobody else writes: we hold the lock."""
    file.seek(0)
    last = file.read().rpartition(b"\n")[2]
    try:
        json.loads(last or b"0")
    except ValueError:
        file.truncate(file.tell() - len(last))
    else:
        if last:  # whole but for the end of the line, which an editor may have taken
            file.write(b"\n")
    return file.seek(0, 2)


def _lines(name, folders) -> Iterator[tuple[Path, int, Run | None]]:
    """(path, number, Run or None if it is damaged) of every line in these folders."""
    for path in dict.fromkeys(_file(folder, name) for folder in folders):
        lines = path.read_bytes().splitlines() if path.is_file() else []
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield path, number, _run(json.loads(line))
            except (ValueError, KeyError, TypeError, RecursionError):
                yield path, number, None


def _run(values):
    """The Run of a line's values; ValueError, KeyError or TypeError if another program wrote it."""
    values = up_to_date(values)
    run = Run(**{field.name: values[field.name] for field in fields(Run)})
    check_run(run)
    return run


def _check(run):
    try:
        check_run(run)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"The run of {run.arm}, seed {run.seed}, cannot be recorded, {error}: train it again."
        ) from error

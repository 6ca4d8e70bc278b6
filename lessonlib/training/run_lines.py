"""What a recorded run has to hold, so that every chart and table can show it."""

import math
from dataclasses import asdict, fields
from numbers import Real

from lessonlib.configs import Network
from lessonlib.device import PRECISIONS

__all__ = ["up_to_date", "check_run", "without_repeats"]


def up_to_date(values):
    """A line's values as they are written now: options that came later have their defaults.

    The first study's lines name no precision: all were trained on CPUs in float32.
    """
    values = {"recorded": ""} | values
    recipe = dict(values["recipe"])
    if "network" in recipe:
        recipe["network"] = asdict(Network()) | recipe["network"]
    values["recipe"] = recipe
    if "precision" not in values:
        data, _, copy = values["data"].partition(", copy ")
        values |= {"data": data, "copy": copy, "device": "cpu", "precision": "float32"}
    return values


def check_run(run):
    """Raise TypeError, ValueError or KeyError if a chart or a table could not show the run.

    Only a loss may be infinite or not a number: that is how a training fails. An epoch may lack its
    seconds, and the arm may be one that this kernel does not know.
    """
    for field in fields(run):
        wanted = field.type
        if isinstance(wanted, type) and not isinstance(getattr(run, field.name), wanted):
            raise TypeError(
                f"its {field.name} is of type {type(getattr(run, field.name)).__name__}"
            )
    if run.precision not in PRECISIONS:
        raise ValueError(f"its precision is {run.precision!r}")
    if not isinstance(run.versions["torch"], str):
        raise TypeError("its version of torch is no text")
    if not isinstance(run.recipe["name"], str) or not isinstance(run.recipe["epochs"], int):
        raise TypeError("its recipe has no name and number of epochs")
    if not all(isinstance(loss, Real) for loss in run.losses):
        raise TypeError("a loss is no number")
    if run.finished and not run.epochs:
        raise ValueError("it is finished without an epoch")
    for epoch in run.epochs:
        _check_epoch(epoch)


def _check_epoch(epoch):
    if not 0 <= epoch["accuracy"] <= 1:
        raise ValueError(f"an accuracy is {epoch['accuracy']}")
    for name in ("seconds", "images_per_second"):
        told = epoch.get(name)
        if told is not None and not math.isfinite(told):
            raise ValueError(f"{name} is {told}")


def without_repeats(lines):
    """The runs of `(path, number, run)`; of a finished one that is there twice, the last.

    Each line that is left out is named, that of no run at all, None, as well.
    """
    last = {run.key: (path, number) for path, number, run in lines if run and run.finished}
    counted = []
    for path, number, run in lines:
        if run is None:
            print(f"Left out line {number} of {path}: it is no whole run; delete that line.")
        elif run.finished and last[run.key] != (path, number):
            again, where = last[run.key]
            print(
                f"Left out line {number} of {path}: it is the same run as line {where} of "
                f"{again.name}, which counts; delete one of them."
            )
        else:
            counted.append(run)
    return counted

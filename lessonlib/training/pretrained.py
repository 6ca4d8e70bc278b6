"""The linear pair of notebook 09, trained: every 3x3 of a small network is two 2x2 in series.

    python -m lessonlib.training.pretrained

trains it as the first study does (tier `cpu`, seed 0), a quarter as wide, and writes
`data/pair.pt`. The study's own network has 1.3 million weights, too many to come with a course.
"""

import sys
from argparse import RawTextHelpFormatter
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import nn

from lessonlib.arms import ARMS
from lessonlib.cli import Arguments
from lessonlib.configs import TIERS
from lessonlib.networks import residual_network
from lessonlib.paths import DATA

__all__ = ["Pretrained", "SIZE", "pretrained_pair", "count_correct", "train_on_photos"]

SIZE = replace(TIERS["cpu"], network=TIERS["test"].network)


class Pretrained(NamedTuple):
    """model: in eval, photos `(n, 3, 64, 64)` to `(n, 10)`; correct: how many of the validation
    photos it gets right; source: in words, how and on what it was trained.
    """

    model: nn.Module
    correct: int
    source: str


def pretrained_pair():
    """The `Pretrained` pair of the course: a file of numbers and words, and read as such."""
    kept = torch.load(DATA / "pair.pt", weights_only=True)
    model = residual_network(ARMS["pair"], SIZE.network)
    model.load_state_dict(kept["model"])
    model = model.to(memory_format=torch.channels_last).eval()
    return Pretrained(model, kept["right"], kept["source"])


@torch.no_grad()
def count_correct(model, batches):
    """How many photos of `batches`, pairs `(x, y)`, the model gets right."""
    return sum(int((model(x).argmax(1) == y).sum()) for x, y in batches)


def train_on_photos(arm, tier):
    """`(learner, run, photos)` of an arm trained with seed 0; ends the program without photos.

    The drawings that stand in for photos must not replace what comes with the course.
    """
    from lessonlib.imagewoof.photos import load_photos
    from lessonlib.training.fit import fit, learner_for

    try:
        photos = load_photos(tier)
    except ValueError as error:
        sys.exit(str(error))
    if photos.stand_in:
        sys.exit(
            "What comes with the course is trained on photos: "
            "set IMAGEWOOF to a copy of imagewoof2-160.tgz."
        )
    learner = learner_for(arm, photos, tier, seed=0, precision="float32")
    return learner, fit(learner), photos


def _save(model, batches, source):
    """Kernels in half precision, vectors as they are; `correct` is counted of what is saved."""
    state = {}
    for name, value in model.state_dict().items():
        state[name] = value.half() if value.ndim > 1 else value
    model.load_state_dict(state)
    correct = count_correct(model.eval(), batches)
    torch.save({"model": state, "right": correct, "source": source}, DATA / "pair.pt")


def main(words=None):
    """The command line. Takes no arguments; errors are one line."""
    from lessonlib.training.runs import machine

    Arguments(
        prog="python -m lessonlib.training.pretrained",
        description=__doc__,
        formatter_class=RawTextHelpFormatter,
    ).parse_args(words)
    learner, run, photos = train_on_photos(ARMS["pair"], SIZE)
    if run.finished:
        trained = (
            "two 2x2, activation after the second, seed 0, 64 px, 5 epochs, "
            f"{100 * run.accuracy:.1f}% right after the last"
        )
        _save(learner.model, learner.dls.valid, f"{photos.source}; {trained}; {machine()}")


if __name__ == "__main__":
    main()

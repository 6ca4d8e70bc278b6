"""A recorded run made up for a test: every field filled, any of them changed."""

from dataclasses import asdict
from importlib.metadata import version

from lessonlib.configs import TIERS
from lessonlib.training.runs import Run

FIELDS = {
    "arm": "2x2",
    "seed": 0,
    "recipe": asdict(TIERS["test"]),
    "data": "drawings",
    "copy": "",
    "stand_in": True,
    "device": "cpu",
    "precision": "float32",
    "epochs": [{"accuracy": 0.1}],
    "losses": [2.3],
    "parameters": 7,
    "finished": True,
    "machine": "none",
    "versions": {"torch": version("torch")},
    "recorded": "",
}


def a_run(**changes):
    return Run(**FIELDS | changes)

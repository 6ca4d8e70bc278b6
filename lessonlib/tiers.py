"""How large the experiment is on this machine: seconds for a test, minutes on a CPU, the leaderboard's size on a GPU."""

import os
from dataclasses import dataclass

import torch

__all__ = ["Tier", "TIERS", "current_tier"]


@dataclass(frozen=True)
class Tier:
    """One size of the experiment.

    px: side of the square the network sees; stored: side of the decoded photos, of which each epoch crops another px;
    photos: the most a class gives to the training and to the validation set, None for all;
    width, depth: of `networks.residual_network`; epochs, batch, lr: of the training.
    """

    name: str
    px: int
    stored: int
    photos: tuple[int, int] | None
    width: float
    depth: int
    epochs: int
    batch: int
    lr: float


TIERS = {
    t.name: t
    for t in (
        Tier("test", px=32, stored=40, photos=(24, 8), width=0.125, depth=1, epochs=2, batch=16, lr=4e-3),
        Tier("cpu", px=64, stored=80, photos=None, width=0.25, depth=1, epochs=5, batch=64, lr=4e-3),
        Tier("gpu", px=128, stored=160, photos=None, width=1.0, depth=2, epochs=5, batch=64, lr=4e-3),
    )
}


def current_tier():
    """The tier named by `LESSON_TIER`, else `gpu` where there is one, else `cpu`. ValueError for an unknown name."""
    name = os.environ.get("LESSON_TIER") or ("gpu" if torch.cuda.is_available() else "cpu")
    if name not in TIERS:
        raise ValueError(f"LESSON_TIER is {name!r}; set it to one of {', '.join(TIERS)}, or leave it unset.")
    return TIERS[name]

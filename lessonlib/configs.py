"""How large the experiment is on this machine: seconds for a test, minutes on a CPU, the leaderboard's size on a GPU."""

import math
import os
from dataclasses import dataclass
from numbers import Real

import torch

from lessonlib.checks import require_int, require_type

__all__ = ["Network", "XRESNET18", "XRESNET50", "Tier", "TIERS", "current_tier"]


@dataclass(frozen=True)
class Network:
    """What surrounds the arm: the options of `networks.residual_network`.

    width: factor on all channels, 64 to 512 in the stages; blocks: how many in each of the four stages;
    expansion: 1 for blocks of two 3x3, 4 for 1x1, 3x3, 1x1;
    stem: "3x3", three of them, or "7x7", a single one; norm_last: the stem's last BatchNorm stands after the maxpool;
    norm_first: BatchNorm before the activation, the usual order, else after it;
    activation, stem_activation: "relu" or "mish".
    """

    width: float = 1.0
    blocks: tuple[int, int, int, int] = (2, 2, 2, 2)
    expansion: int = 1
    stem: str = "3x3"
    norm_last: bool = False
    norm_first: bool = True
    activation: str = "relu"
    stem_activation: str = "relu"

    def __post_init__(self):
        require_type("Network", Real, width=self.width)
        require_type("Network", tuple, blocks=self.blocks)
        require_type("Network", bool, norm_last=self.norm_last, norm_first=self.norm_first)
        for blocks in self.blocks:
            require_int("Network", blocks=blocks)
        if not math.isfinite(self.width) or int(32 * self.width) < 1 or len(self.blocks) != 4:
            raise ValueError(
                f"A network needs channels and four stages: width {self.width}, blocks {self.blocks} leave none."
            )
        if self.expansion not in (1, 4):
            raise ValueError(f"There are no blocks of expansion {self.expansion}; choose 1 or 4.")
        if self.stem not in ("3x3", "7x7"):
            raise ValueError(f"There is no stem {self.stem!r}; choose 3x3 or 7x7.")
        for name in (self.activation, self.stem_activation):
            if name not in ("relu", "mish"):
                raise ValueError(f"There is no activation {name!r}; choose relu or mish.")


XRESNET18, XRESNET50 = Network(), Network(blocks=(3, 4, 6, 3), expansion=4)


@dataclass(frozen=True)
class Tier:
    """One size of the experiment.

    px: side of the square the network sees; stored: side of the squares that photos are kept in, whole (see `crops`);
    photos: the most a class gives to the training and to the validation set, None for all;
    network: what surrounds the arm; epochs, batch, lr: of the training.
    """

    name: str
    px: int
    stored: int
    photos: tuple[int, int] | None
    network: Network
    epochs: int
    batch: int
    lr: float

    def __post_init__(self):
        require_type(f"Tier {self.name}", Network, network=self.network)
        require_type(f"Tier {self.name}", Real, lr=self.lr)
        require_int(f"Tier {self.name}", px=self.px, stored=self.stored, epochs=self.epochs)
        require_int(
            f"Tier {self.name}", 2, batch=self.batch
        )  # of one photo there is no variance for BatchNorm
        pair = isinstance(self.photos, tuple) and len(self.photos) == 2
        if self.photos is not None and not (
            pair and all(isinstance(n, int) and n > 0 for n in self.photos)
        ):
            raise ValueError(
                f"Tier {self.name}: photos is {self.photos}; give a pair such as (24, 8), or None for all."
            )
        if not (math.isfinite(self.lr) and self.lr > 0):
            raise ValueError(
                f"Tier {self.name}: the learning rate is {self.lr}; give a positive number."
            )


TIERS = {
    t.name: t
    for t in (
        Tier(
            "test",
            32,
            64,
            (24, 8),
            Network(width=0.25, blocks=(1, 1, 1, 1)),
            epochs=2,
            batch=16,
            lr=4e-3,
        ),
        Tier(
            "cpu",
            64,
            128,
            None,
            Network(width=0.5, blocks=(1, 1, 1, 1)),
            epochs=5,
            batch=64,
            lr=4e-3,
        ),
        Tier("gpu", 128, 192, None, XRESNET18, epochs=5, batch=64, lr=4e-3),
    )
}


def current_tier():
    """The tier named by `LESSON_TIER`, else `gpu` where there is one, else `cpu`. ValueError for an unknown name."""
    name = os.environ.get("LESSON_TIER") or ("gpu" if torch.cuda.is_available() else "cpu")
    if name not in TIERS:
        raise ValueError(
            f"LESSON_TIER is {name!r}; set it to one of {', '.join(TIERS)}, or leave it unset."
        )
    return TIERS[name]

"""How large the experiment is on this machine, as frozen records: the network, and the tier."""

import math
import os
from dataclasses import dataclass
from numbers import Real

from lessonlib.checks import require_int, require_one_of, require_type
from lessonlib.device import choose_device

__all__ = ["Network", "XRESNET18", "XRESNET50", "Tier", "TIERS", "current_tier"]

CHOICES = {
    "expansion": (1, 4),
    "stem": ("3x3", "7x7"),
    "activation": ("relu", "mish"),
    "stem_activation": ("relu", "mish"),
}


@dataclass(frozen=True)
class Network:
    """What surrounds the arm: the options of `networks.residual_network`.

    width: factor on all channels, 64 to 512 in the stages; blocks: how many in each stage;
    expansion: 1 for blocks of two 3x3, 4 for 1x1, 3x3, 1x1;
    stem: "3x3", three of them, or "7x7", a single one;
    norm_last: the stem's last BatchNorm stands after the maxpool;
    norm_first: BatchNorm before the activation, the usual order, else after it;
    activation, stem_activation: "relu" or "mish";
    stem_replaced: the arm takes the place of the stem's 3x3 too, as in the thread;
    middle: factor on the channels between a block's first convolution and its last, rounded.
    Raises ValueError or TypeError for other values.
    """

    width: float = 1.0
    blocks: tuple[int, int, int, int] = (2, 2, 2, 2)
    expansion: int = 1
    stem: str = "3x3"
    norm_last: bool = False
    norm_first: bool = True
    activation: str = "relu"
    stem_activation: str = "relu"
    stem_replaced: bool = True
    middle: float = 1.0

    def __post_init__(self) -> None:
        require_type("Network", Real, width=self.width, middle=self.middle)
        require_type("Network", tuple, blocks=self.blocks)
        require_type("Network", bool, norm_last=self.norm_last, norm_first=self.norm_first)
        require_type("Network", bool, stem_replaced=self.stem_replaced)
        for blocks in self.blocks:
            require_int("Network", blocks=blocks)
        if not math.isfinite(self.width) or int(32 * self.width) < 1 or len(self.blocks) != 4:
            raise ValueError(
                f"A network needs channels and four stages: width {self.width}, "
                f"blocks {self.blocks} leave none."
            )
        narrowest = int(64 * self.width)
        if not math.isfinite(self.middle) or round(self.middle * narrowest) < 1:
            raise ValueError(
                f"A block needs channels in its middle: middle {self.middle} leaves none of "
                f"{narrowest}."
            )
        for name, choices in CHOICES.items():
            require_one_of(name, getattr(self, name), choices)


XRESNET18 = Network()
XRESNET50 = Network(blocks=(3, 4, 6, 3), expansion=4)


@dataclass(frozen=True)
class Tier:
    """One size of the experiment.

    px: side of the square the network sees; stored: side of the squares that photos are kept in,
    whole (see `crops`); photos: the most that a class gives to the training and to the validation
    set, None for all; network: what surrounds the arm; epochs, batch, lr: of the training.
    Raises ValueError or TypeError for other values.
    """

    name: str
    px: int
    stored: int
    photos: tuple[int, int] | None
    network: Network
    epochs: int
    batch: int
    lr: float

    def __post_init__(self) -> None:
        caller = f"Tier {self.name}"
        require_type(caller, Network, network=self.network)
        require_type(caller, Real, lr=self.lr)
        require_int(caller, px=self.px, stored=self.stored, epochs=self.epochs)
        require_int(caller, 2, batch=self.batch)  # of one photo BatchNorm has no variance
        if self.photos is not None and not _two_counts(self.photos):
            raise ValueError(
                f"{caller}: photos is {self.photos}; give a pair such as (24, 8), or None for all."
            )
        if not (math.isfinite(self.lr) and self.lr > 0):
            raise ValueError(f"{caller}: the learning rate is {self.lr}; give a positive number.")


def _two_counts(photos):
    pair = isinstance(photos, tuple) and len(photos) == 2
    return pair and all(isinstance(n, int) and n > 0 for n in photos)


_ONE_EACH = (1, 1, 1, 1)
TIERS = {
    "test": Tier(
        name="test",
        px=32,
        stored=64,
        photos=(24, 8),
        network=Network(width=0.25, blocks=_ONE_EACH),
        epochs=2,
        batch=16,
        lr=4e-3,
    ),
    "cpu": Tier(
        name="cpu",
        px=64,
        stored=128,
        photos=None,
        network=Network(width=0.5, blocks=_ONE_EACH),
        epochs=5,
        batch=64,
        lr=4e-3,
    ),
    "gpu": Tier(
        name="gpu",
        px=128,
        stored=192,
        photos=None,
        network=XRESNET18,
        epochs=5,
        batch=64,
        lr=4e-3,
    ),
}


def current_tier() -> Tier:
    """The tier named by `LESSON_TIER`, else `gpu` if there is one, else `cpu`.

    ValueError for an unknown name.
    """
    name = os.environ.get("LESSON_TIER")
    if not name:
        name = "cpu" if choose_device().type == "cpu" else "gpu"
    if name not in TIERS:
        raise ValueError(
            f"LESSON_TIER is {name!r}; set it to one of {', '.join(TIERS)}, or leave it unset."
        )
    return TIERS[name]

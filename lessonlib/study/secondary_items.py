"""The items of the secondary comparisons of data/protocol.md: what is compared, in which order."""

from dataclasses import replace
from typing import NamedTuple

from lessonlib.configs import Tier
from lessonlib.study.parts import Variant
from lessonlib.study.second_study import BOTTLENECK, FOUR

__all__ = ["Item", "VARIANTS", "ITEMS", "SWEPT"]

AS_THE_PAIR = "one 3x3, with the pair's weights"
AS_THE_2X2 = "one 3x3, with the 2x2's weights"
ACTIVATION_FIRST = "3x3, activation before BatchNorm"
NORM_LAST = "3x3, the stem's last BatchNorm after the maxpool"
ONE_7X7 = "3x3, a stem of one 7x7"
POSTER = "3x3, the poster's combination"

ARMS_AS_THEY_ARE = (
    *FOUR,
    "pair-norm",
    "pair-relu",
    "pair-wide",
    "3x3-composed-start",
    "3x1-1x3",
    "2x2-corners",
    "5x5",
    "two-3x3-act",
    "two-3x3",
)
# {name: variant}; arms as they are have their own
VARIANTS = {arm: Variant(arm) for arm in ARMS_AS_THEY_ARE} | {
    # weights of the whole network: 0.2% more than the pair's, 0.1% fewer than the 2x2's
    AS_THE_PAIR: Variant("3x3", {"middle": 0.96}),
    AS_THE_2X2: Variant("3x3", {"middle": 0.77}),
    ACTIVATION_FIRST: Variant("3x3", {"norm_first": False}),
    NORM_LAST: Variant("3x3", {"norm_last": True}),
    ONE_7X7: Variant("3x3", {"stem": "7x7"}),
    POSTER: Variant("3x3", {"norm_first": False, "norm_last": True}),
}


class Item(NamedTuple):
    """One item of the protocol.

    words: for people; compared: (variant, reference), names in VARIANTS; seeds: how many, from 0.
    """

    words: str
    compared: tuple[tuple[str, str], ...]
    seeds: int = 8
    epochs: int = 5

    @property
    def names(self) -> tuple[str, ...]:
        """The variants that it trains; the runs of the primary family are there already."""
        every = dict.fromkeys(name for pair in self.compared for name in pair)
        return tuple(name for name in every if name not in FOUR or self.epochs != BOTTLENECK.epochs)

    def recipe(self, name: str, rate: float) -> Tier:
        """How a variant of it is trained at that learning rate."""
        return VARIANTS[name].recipe(replace(BOTTLENECK, epochs=self.epochs, lr=rate))


ITEMS = (
    Item("20 epochs", tuple((arm, "3x3") for arm in FOUR[1:]), seeds=4, epochs=20),
    Item("only BatchNorm or only ReLU between", (("pair-norm", "pair"), ("pair-relu", "pair"))),
    Item(
        "a pair that reaches every 3x3, narrower 3x3",
        (
            ("pair-wide", "3x3"),
            ("pair-wide", "pair"),
            (AS_THE_PAIR, "pair"),
            (AS_THE_2X2, "2x2"),
        ),
    ),
    Item("a 3x3 that starts as a pair", (("3x3-composed-start", "3x3"),)),
    Item("one 3x1, then one 1x3", (("3x1-1x3", "3x3"),)),
    Item("one 2x2, padded at four corners", (("2x2-corners", "2x2"), ("2x2-corners", "3x3"))),
    Item(
        "5x5 and two 3x3",
        (
            ("two-3x3-act", "5x5"),
            ("two-3x3", "5x5"),
            ("two-3x3-act", "two-3x3"),
            ("5x5", "3x3"),
            ("two-3x3-act", "3x3"),
            ("two-3x3", "3x3"),
        ),
    ),
    Item(
        "claim 13: order and stem",
        (
            (ACTIVATION_FIRST, "3x3"),
            (NORM_LAST, "3x3"),
            (ONE_7X7, "3x3"),
            (POSTER, ONE_7X7),
        ),
    ),
)

# outside the primary family: each gets a short sweep of learning rates first
SWEPT = tuple(dict.fromkeys(name for item in ITEMS for name in item.names if name not in FOUR))

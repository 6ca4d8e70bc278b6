"""Which runs a study has, and in which order."""

from dataclasses import dataclass, field, replace

from lessonlib.arms import ARMS
from lessonlib.configs import TIERS, XRESNET50, Tier

__all__ = ["Variant", "Trial", "Part", "PLANS", "get_plan"]

OPTIONS = ("stem", "norm_last", "norm_first", "activation", "stem_activation")


@dataclass(frozen=True)
class Variant:
    """An arm, and what it changes in the network around it: `recipe(base)` is the tier `base` with these changes."""

    arm: str
    changes: dict = field(default_factory=dict)

    def recipe(self, base):
        return replace(base, network=replace(base.network, **self.changes))


@dataclass(frozen=True)
class Trial:
    """One run to be had: the name of an arm, a recipe, a seed."""

    arm: str
    recipe: Tier
    seed: int
    precision: str | None = None

    def __str__(self):
        network, plain = self.recipe.network, TIERS["gpu"].network
        changes = [
            f"{o}={getattr(network, o)}"
            for o in OPTIONS
            if getattr(network, o) != getattr(plain, o)
        ]
        return ", ".join([self.arm, *changes, f"seed {self.seed}"])


@dataclass(frozen=True)
class Part:
    """The runs that may be compared: those of one network, size and number of epochs."""

    label: str
    base: Tier
    trials: tuple[Trial, ...]

    def has(self, variant):
        return any(
            t.arm == variant.arm and t.recipe == variant.recipe(self.base) for t in self.trials
        )


MISH = {"activation": "mish", "stem_activation": "mish"}

PLAIN = Variant("3x3")
CLEAN = [PLAIN, Variant("2x2"), Variant("pair-act"), Variant("pair")]
# As in 2019: Mish, except in the stem of the 3x3, which the 2x2 had to beat
PLAIN_2019 = Variant("3x3", {"activation": "mish"})
THREAD = [
    PLAIN_2019,
    Variant("2x2", MISH),
    Variant("pair-act-2019", MISH),
    Variant("pair-2019", MISH),
]
MISH_STEM = Variant("3x3", MISH)  # the same stem for all of 2019
IN_2019 = [*THREAD, MISH_STEM]
# The way from the clean pair to that of 2019, one change at a time; the last is Mish
SHIFTED, STRIDE_FIRST, NORM_BETWEEN = (
    Variant("pair-shifted"),
    Variant("pair-early"),
    Variant("pair-2019"),
)
ACTIVATION_FIRST, NORM_LAST = (
    Variant("3x3", {"norm_first": False}),
    Variant("3x3", {"norm_last": True}),
)
STEM_7X7 = Variant("3x3", {"stem": "7x7"})
WIDE, CORNERS, COMPOSED = Variant("pair-wide"), Variant("2x2-corners"), Variant("pair-composed")
FIVE, TWO_THREES_ACT, TWO_THREES = Variant("5x5"), Variant("two-3x3-act"), Variant("two-3x3")
# What the thread raises besides: what each confound did; the order and the stems of its last posts
RAISED = [SHIFTED, STRIDE_FIRST, NORM_BETWEEN, ACTIVATION_FIRST, NORM_LAST, STEM_7X7]
OTHERS = [WIDE, CORNERS, FIVE, TWO_THREES_ACT, TWO_THREES, COMPOSED]
# An arm that nothing above names is studied as it is
ADDED = [
    Variant(name) for name in ARMS if name not in {v.arm for v in CLEAN + IN_2019 + RAISED + OTHERS}
]
OTHERS += ADDED


def _balanced(label, base, *groups):
    """A part whose beginning is balanced too: round after round, each adds the next seeds of every variant.

    groups: (variants, seeds a round, seeds in all), those with the most seeds first.
    """
    rounds = max(-(-in_all // each) for _, each, in_all in groups)
    seeds = [
        (v, range(r * each, min((r + 1) * each, n))) for r in range(rounds) for v, each, n in groups
    ]
    return Part(
        label,
        base,
        tuple(
            Trial(v.arm, v.recipe(base), seed) for vs, some in seeds for seed in some for v in vs
        ),
    )


GPU = TIERS["gpu"]
GPU50 = replace(GPU, network=XRESNET50)

# On a CPU as many seeds as there was time for, alike for all variants of a question.
# On a GPU one network after the other, so that half the time gives the whole answer for the first
PLANS = {
    "test": [_balanced("test", TIERS["test"], (CLEAN[:2], 2, 4), ([PLAIN_2019], 1, 1))],
    "cpu": [
        _balanced(
            "xresnet of half width",
            TIERS["cpu"],
            (CLEAN + IN_2019, 2, 10),
            (RAISED, 2, 7),
            (OTHERS, 1, 4),
        ),
    ],
    "gpu": [
        _balanced("xresnet18", GPU, (CLEAN + IN_2019, 3, 15), (RAISED + OTHERS, 1, 5)),
        _balanced("xresnet50", GPU50, (CLEAN + IN_2019, 3, 15), (RAISED + OTHERS, 1, 5)),
        _balanced("xresnet18", replace(GPU, epochs=20), (CLEAN, 1, 5)),
        _balanced("xresnet50", replace(GPU50, epochs=20), (CLEAN, 1, 5)),
    ],
}


def get_plan(name):
    """The parts of the plan of that name. ValueError with the names there are."""
    if name not in PLANS:
        raise ValueError(f"There is no plan {name!r}; choose one of {', '.join(PLANS)}.")
    return PLANS[name]

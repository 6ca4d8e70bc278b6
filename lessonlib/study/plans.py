"""Which runs a study has, and in which order."""

from collections.abc import Callable
from dataclasses import replace
from math import ceil

from lessonlib.arms import ARMS
from lessonlib.checks import require_one_of
from lessonlib.configs import TIERS, XRESNET50
from lessonlib.study.parts import Part, Trial, Variant
from lessonlib.study.second_study import (
    primary_plan,
    rates_plan,
    thread_rates_plan,
    thread_size_plan,
)
from lessonlib.study.secondary import secondary_plan, secondary_rates_plan

__all__ = ["CLEAN", "THREAD", "VARIANTS", "added_variants", "plan_names", "get_plan"]


def _as_it_is(*arms):
    return {arm: Variant(arm) for arm in arms}


MISH = {"activation": "mish", "stem_activation": "mish"}

CLEAN = _as_it_is("3x3", "2x2", "pair-act", "pair")
# As in 2019: Mish, except in the stem of the 3x3, which the 2x2 had to beat
THREAD = {
    "3x3, 2019": Variant("3x3", {"activation": "mish"}),
    "2x2, 2019": Variant("2x2", MISH),
    "pair-act, 2019": Variant("pair-act-2019", MISH),
    "pair, 2019": Variant("pair-2019", MISH),
}
# With the last, all of 2019 have the same stem
IN_2019 = THREAD | {"3x3, all Mish": Variant("3x3", MISH)}
# What the thread raises besides
RAISED = {
    # From "pair" to "pair, 2019", one change at a time; the last change, Mish, is in THREAD
    "pair, shifted": Variant("pair-shifted"),
    "pair, stride first": Variant("pair-early"),
    "pair, BatchNorm between": Variant("pair-2019"),
    # The order and the stems of its last posts
    "3x3, activation first": Variant("3x3", {"norm_first": False}),
    "3x3, BatchNorm last": Variant("3x3", {"norm_last": True}),
    "3x3, 7x7 stem": Variant("3x3", {"stem": "7x7"}),
}
OTHERS = _as_it_is("pair-wide", "2x2-corners", "5x5", "two-3x3-act", "two-3x3", "pair-composed")

VARIANTS = CLEAN | IN_2019 | RAISED | OTHERS


def added_variants() -> dict[str, Variant]:
    """Arms that no variant names yet, such as a new record in ARMS, each as it is."""
    named = {variant.arm for variant in VARIANTS.values()}
    return _as_it_is(*(name for name in ARMS if name not in named))


def _balanced(label, base, *groups, precision=None):
    """A part that is balanced wherever it is cut short: each round adds the next seeds of all.

    groups: (variants, seeds per round, seeds in all), those with the most seeds first.
    """
    rounds = max(ceil(seeds / step) for _, step, seeds in groups)
    trials = []
    for start in range(rounds):
        for variants, step, seeds in groups:
            for seed in range(start * step, min((start + 1) * step, seeds)):
                for v in variants.values():
                    trials.append(Trial(v.arm, v.recipe(base), seed, precision))
    return Part(label, base, tuple(trials))


def _test_plan():
    mish = {"3x3, 2019": VARIANTS["3x3, 2019"]}
    return [_balanced("test", TIERS["test"], (_as_it_is("3x3", "2x2"), 2, 4), (mish, 1, 1))]


def _cpu_plan():
    """The first study: as many seeds as time allowed, alike for all variants of a question."""
    groups = [(CLEAN | IN_2019, 2, 10), (RAISED, 2, 7), (OTHERS | added_variants(), 1, 4)]
    return [_balanced("xresnet of half width", TIERS["cpu"], *groups, precision="float32")]


def _gpu_plan():
    """One network after the other: half the time gives the whole answer for the first."""
    small = TIERS["gpu"]
    large = replace(small, network=XRESNET50)
    groups = [(CLEAN | IN_2019, 3, 15), (RAISED | OTHERS | added_variants(), 1, 5)]
    return [
        _balanced("xresnet18", small, *groups),
        _balanced("xresnet50", large, *groups),
        _balanced("xresnet18", replace(small, epochs=20), (CLEAN, 1, 5)),
        _balanced("xresnet50", replace(large, epochs=20), (CLEAN, 1, 5)),
    ]


def _precision_plan():
    """Two arms of the first study in bfloat16: is training in it as accurate as in float32?"""
    arms = _as_it_is("3x3", "pair")
    label = "the first study's network in bfloat16"
    return [_balanced(label, TIERS["cpu"], (arms, 1, 10), precision="bfloat16")]


PLANS: dict[str, Callable[[], list[Part]]] = {
    "test": _test_plan,
    "cpu": _cpu_plan,
    "gpu": _gpu_plan,
    "precision": _precision_plan,
    "rates": rates_plan,
    "primary": primary_plan,
    "thread-rates": thread_rates_plan,
    "thread-size": thread_size_plan,
    "secondary-rates": secondary_rates_plan,
    "secondary": secondary_plan,
}


def plan_names() -> list[str]:
    """The names that `get_plan` takes."""
    return list(PLANS)


def get_plan(name: str) -> list[Part]:
    """The parts of a plan, from the arms there are now. ValueError, with the names, for another."""
    return PLANS[require_one_of("plan", name, PLANS)]()

"""One record at the end of ARMS, and the arm is in the race, in the study and in the cost explorer."""

import sys
from dataclasses import asdict
from importlib import import_module

import pytest
from torch import nn

import lessonlib.study
from lessonlib.arms import ARMS, THE_FOUR, Arm
from lessonlib.configs import TIERS
from lessonlib.costs.counting import cost
from lessonlib.imagewoof.photos import synthetic_photos
from lessonlib.playgrounds.costs import CostPlayground
from lessonlib.playgrounds.race import RacePlayground
from lessonlib.study.plans import PLANS

ARM = Arm("1x1", "one 1x1", lambda i, o, s: nn.Conv2d(i, o, 1, s, bias=False))


@pytest.fixture(autouse=True)
def added(monkeypatch):
    """The record is there, and what reads ARMS while it is imported is imported anew, for this test alone."""
    monkeypatch.setitem(ARMS, ARM.name, ARM)
    for name in ("plans", "comparisons"):
        monkeypatch.setattr(lessonlib.study, name, import_module(f"lessonlib.study.{name}"))
        monkeypatch.delitem(sys.modules, f"lessonlib.study.{name}")


def test_the_race_offers_it(tmp_path, monkeypatch):
    monkeypatch.setenv("LESSON_RUNS", str(tmp_path))
    race = RacePlayground(THE_FOUR[:1], synthetic_photos(TIERS["test"]), TIERS["test"])
    assert (ARM.label, ARM) in race._choice.options


@pytest.mark.parametrize("name, seeds", [("cpu", [4]), ("gpu", [5, 5])])
def test_the_study_plans_its_runs_and_no_others_anew(name, seeds):
    parts = import_module("lessonlib.study.plans").get_plan(name)
    ours = [[t for t in part.trials if t.arm == ARM.name] for part in parts]
    assert [[t.seed for t in some] for some in ours if some] == [list(range(n)) for n in seeds]
    assert all(t.recipe == part.base for part, some in zip(parts, ours) for t in some)
    others = [[asdict(t) for t in part.trials if t.arm != ARM.name] for part in parts]
    assert others == [[asdict(t) for t in part.trials] for part in PLANS[name]]


def test_the_study_compares_it_with_the_3x3():
    comparisons = import_module("lessonlib.study.comparisons")
    [ours] = [
        c for some in comparisons.COMPARISONS.values() for c in some if c.variant.arm == ARM.name
    ]
    assert ours.label == ARM.label and (ours.reference.arm, ours.reference.changes) == ("3x3", {})


def test_the_cost_explorer_shows_it_in_its_table_its_chart_and_its_code():
    explorer = CostPlayground()
    assert explorer.costs[ARM.name] == cost(nn.Conv2d(64, 64, 1, bias=False), (16, 64, 32, 32))
    assert (
        ARM.label in explorer.table.value
        and "MACs 3x3 1.00" in explorer.alt()
        and "1x1 0.11" in explorer.alt()
    )
    assert repr(ARM.name) in explorer.code()

"""One record at the end of ARMS, and the arm is in the race, the study and the cost explorer."""

from itertools import chain

import pytest
from torch import nn

from lessonlib.arms import ARMS, THE_FOUR, Arm
from lessonlib.configs import TIERS
from lessonlib.costs.counting import cost
from lessonlib.imagewoof.photos import synthetic_photos
from lessonlib.playgrounds.costs import CostPlayground
from lessonlib.playgrounds.race import RacePlayground
from lessonlib.study.comparisons import comparisons
from lessonlib.study.plans import get_plan

ARM = Arm("1x1", "one 1x1", lambda i, o, s: nn.Conv2d(i, o, 1, s, bias=False))


@pytest.fixture
def added(monkeypatch):
    monkeypatch.setitem(ARMS, ARM.name, ARM)


def test_the_race_offers_it(added, tmp_path, monkeypatch):
    monkeypatch.setenv("LESSON_RUNS", str(tmp_path))
    race = RacePlayground(THE_FOUR[:1], synthetic_photos(TIERS["test"]), TIERS["test"])
    assert (ARM.label, ARM) in race._choice.options


@pytest.mark.parametrize("name, seeds", [("cpu", [4]), ("gpu", [5, 5, 0, 0])])
def test_the_study_plans_its_runs_and_no_others_anew(name, seeds, request):
    before = get_plan(name)
    request.getfixturevalue("added")
    after = get_plan(name)
    assert [(part.label, part.base) for part in after] == [(p.label, p.base) for p in before]
    for old, new, n in zip(before, after, seeds, strict=True):
        ours = [trial for trial in new.trials if trial.arm == ARM.name]
        assert [trial.seed for trial in ours] == list(range(n))
        assert all(trial.recipe == new.base for trial in ours)
        assert tuple(trial for trial in new.trials if trial.arm != ARM.name) == old.trials


def test_the_study_compares_it_with_the_3x3(added):
    rows = chain.from_iterable(comparisons().values())
    [ours] = [comparison for comparison in rows if comparison.variant.arm == ARM.name]
    assert ours.label == ARM.label
    assert (ours.reference.arm, ours.reference.changes) == ("3x3", {})


def test_the_cost_explorer_shows_it_in_its_table_its_chart_and_its_code(added):
    explorer = CostPlayground()
    assert explorer.costs[ARM.name] == cost(nn.Conv2d(64, 64, 1, bias=False), (16, 64, 32, 32))
    assert ARM.label in explorer.table.value
    assert "MACs 3x3 1.00" in explorer.alt()
    assert "1x1 0.11" in explorer.alt()
    assert repr(ARM.name) in explorer.code()

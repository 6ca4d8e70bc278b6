"""Plans ask for the promised runs in a balanced order, and comparisons for the right pairs."""

from collections import Counter
from dataclasses import asdict, replace
from itertools import chain, pairwise

import pytest

from lessonlib.arms import ARMS
from lessonlib.configs import TIERS
from lessonlib.study.comparisons import comparisons
from lessonlib.study.plans import (
    CLEAN,
    IN_2019,
    RAISED,
    THREAD,
    VARIANTS,
    added_variants,
    get_plan,
)
from lessonlib.training.runs import load_runs, run_key

ADDED = added_variants()  # each has four runs on a CPU and five on a GPU
FIRST = ("test", "cpu", "gpu")  # the plans of the first study, and those for tests
PARTS = [part for name in FIRST for part in get_plan(name)]


def counts(part):
    """Seeds of each variant, `{trial with seed 0: n}`."""
    return Counter(replace(trial, seed=0) for trial in part.trials)


def seeds_of(variant, part):
    recipe = variant.recipe(part.base)
    return [t.seed for t in part.trials if t.arm == variant.arm and t.recipe == recipe]


def test_the_cpu_plan_asks_for_exactly_the_156_runs_that_came_with_the_course(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("LESSON_RUNS", str(tmp_path))  # without this machine's own runs
    [part] = get_plan("cpu")
    runs = load_runs("cpu")
    [data] = {run.data for run in runs}
    recorded = [run.key for run in runs]
    [then] = {run.arithmetic for run in runs}
    assert (then.device, then.precision) == ("cpu", "float32")
    trials = [t for t in part.trials if t.arm not in ADDED]
    assert {t.precision for t in trials} == {"float32"}
    planned = [run_key(t.arm, asdict(t.recipe), t.seed, data, then) for t in trials]
    assert len(planned) == len(set(planned)) == 156
    assert sorted(planned) == sorted(recorded)


def test_the_cpu_plan_has_the_seeds_that_were_promised():
    [part] = get_plan("cpu")
    assert len(counts(part)) == len(VARIANTS) + len(ADDED) == 21 + len(ADDED)
    assert {t.arm for t in part.trials} == set(ARMS)
    for name, variant in (VARIANTS | ADDED).items():
        n = 10 if name in CLEAN | IN_2019 else 7 if name in RAISED else 4
        assert seeds_of(variant, part) == list(range(n)), name


def test_the_gpu_plan_has_the_seeds_that_were_promised():
    small, large, *long = get_plan("gpu")
    assert small.base.network.expansion == 1
    assert large.base.network.expansion == 4
    for part in (small, large):
        assert part.base.px == 128
        assert sorted(counts(part).values()) == [5] * (12 + len(ADDED)) + [15] * 9
        assert {t.recipe.epochs for t in part.trials} == {5}
    for part in long:
        assert list(counts(part).values()) == [5] * 4
        assert {t.recipe.epochs for t in part.trials} == {20}


@pytest.mark.parametrize("part", PARTS, ids=lambda part: f"{part.label}-{part.base.epochs}")
def test_a_study_cut_short_anywhere_is_balanced(part):
    final = counts(part)
    most = max(final.values())
    so_far = Counter()
    for trial in part.trials:
        variant = replace(trial, seed=0)
        assert trial.seed == so_far[variant]  # the seeds of a variant come in order
        so_far[variant] += 1
        done_of_most = max(so_far[v] for v, n in final.items() if n == most)
        for group in set(final.values()):
            done = [so_far[v] for v, n in final.items() if n == group]
            assert max(done) - min(done) <= 1
            assert max(done) <= done_of_most


def test_a_variant_is_named_after_its_arm_where_it_changes_nothing_else():
    for name, variant in VARIANTS.items():
        if "," not in name:
            assert (variant.arm, variant.changes) == (name, {})


def all_comparisons():
    return list(chain.from_iterable(comparisons().values()))


def test_every_comparison_has_the_right_reference():
    """A recipe may differ from its reference's in what is compared and in nothing else."""
    thread = list(THREAD.values())
    for c in all_comparisons():
        ours = asdict(c.variant.recipe(TIERS["test"]).network)
        theirs = asdict(c.reference.recipe(TIERS["test"]).network)
        changed = {option for option, value in ours.items() if theirs[option] != value}
        if c.variant.arm == c.reference.arm:
            mish = {"activation", "stem_activation"}
            assert len(changed) == 1 or (changed == mish and c.against == "ReLU")
        elif c.variant in thread and c.reference == VARIANTS["3x3, 2019"]:
            assert theirs["activation"] == "mish"
            assert theirs["stem_activation"] == "relu"
            assert changed == {"stem_activation"}  # the confound is the thread's
        else:
            assert changed == set()
            assert ours["activation"] == "relu" or c.variant in thread


def test_comparisons_have_names_of_their_own_and_are_planned():
    names = [(c.label, c.against) for c in all_comparisons()]
    assert len(set(names)) == len(names)
    [cpu] = get_plan("cpu")
    small = get_plan("gpu")[0]
    for part in (cpu, small):
        for c in all_comparisons():
            assert part.has(c.variant), c.label
            assert part.has(c.reference), c.against


def test_the_changes_one_at_a_time_lead_from_the_clean_pair_to_that_of_2019():
    steps = comparisons()["one change at a time"][:4]
    assert steps[0].reference == VARIANTS["pair"]
    assert steps[-1].variant == VARIANTS["pair, 2019"]
    for before, after in pairwise(steps):
        assert before.variant == after.reference

"""Only runs that are alike are compared, and each seed once."""

import numpy as np
import pytest

from helpers.runs import a_run
from lessonlib.study.pairing import of_one_kind, paired, unpaired, why_not_paired


def some_runs(accuracies, data="photos", **changes):
    return [
        a_run(seed=seed, data=data, epochs=[{"accuracy": accuracy}], **changes)
        for seed, accuracy in accuracies.items()
    ]


def test_runs_are_paired_by_seed_and_photos():
    ours = some_runs({2: 0.6, 0: 0.5, 1: 0.4})
    ours += some_runs({3: 0.9}, "drawings")
    ours += some_runs({4: 0.1}, finished=False)
    theirs = some_runs({0: 0.25, 2: 0.5, 3: 0.2, 4: 0.2, 5: 0.3})
    assert paired(ours, theirs) == pytest.approx([25, 10])
    assert len(paired(ours, [])) == 0


def test_unpaired_takes_all_runs_of_one_kind_and_of_no_other():
    ours = some_runs({2: 0.6, 0: 0.5, 1: 0.4}) + some_runs({0: 0.9}, precision="bfloat16")
    theirs = some_runs({7: 0.25, 8: 0.5}) + some_runs({7: 0.1}, precision="bfloat16")
    here, there = unpaired(ours, theirs)
    assert here == pytest.approx([50, 40, 60])
    assert there == pytest.approx([25, 50])
    assert [len(side) for side in unpaired(ours, some_runs({0: 0.5}, "drawings"))] == [0, 0]


def test_runs_of_the_most_frequent_kind_are_taken_and_of_equal_ones_the_first():
    ours = [a_run(seed=seed) for seed in range(2)]
    others = [a_run(seed=seed, precision="bfloat16") for seed in range(2)]
    elsewhere = a_run(data="other photos")
    assert of_one_kind([*ours, elsewhere, *others]) == ours
    assert of_one_kind([*others, *ours, a_run(seed=2)]) == [*ours, a_run(seed=2)]
    assert of_one_kind([a_run(finished=False), elsewhere]) == [elsewhere]
    assert of_one_kind([]) == []


def test_a_seed_that_is_there_twice_is_never_silently_taken():
    twice = some_runs({0: 0.5}) + some_runs({0: 0.6})
    for compare in (paired, unpaired):
        with pytest.raises(ValueError, match="Seed 0 of 2x2 is there twice on photos: keep one"):
            compare(twice, some_runs({0: 0.4}))
    assert np.isfinite(paired(twice[:1] + some_runs({0: 0.6}, "drawings"), twice[:1])).all()


def test_runs_that_were_computed_in_another_way_are_not_paired_and_why():
    ours = some_runs({0: 0.6, 1: 0.5})
    half = some_runs({0: 0.5, 1: 0.4}, precision="bfloat16")
    elsewhere = some_runs({0: 0.5}, device="cuda")
    older = some_runs({0: 0.5}, versions={"torch": "2.6.0"})
    for others, why in (
        (half, "precision float32 against bfloat16"),
        (elsewhere, "device cpu against cuda"),
        (older, "against 2.6.0"),
        (some_runs({7: 0.5}), "no seed that both have"),
        (some_runs({0: 0.5}, "drawings"), "data photos against drawings"),
    ):
        assert len(paired(ours, others)) == 0
        assert why in why_not_paired(ours, others)
    assert why_not_paired(ours, []) == why_not_paired(ours, some_runs({0: 0.1})) == ""

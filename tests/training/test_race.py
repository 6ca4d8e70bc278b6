"""The race: its pauses, stops and records, compared with runs that nothing disturbed."""

import json
import time
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from helpers.races import at_batch, until
from helpers.runs import a_run
from lessonlib.arms import ARMS, THE_FOUR
from lessonlib.configs import TIERS
from lessonlib.imagewoof.photos import synthetic_photos
from lessonlib.training import race as race_module
from lessonlib.training.fit import fit, learner_for
from lessonlib.training.progress import Live, duration_in_words, race_status
from lessonlib.training.race import Race
from lessonlib.training.reference_bands import bands_of, describe
from lessonlib.training.runs import load_runs, own_runs, record

TIER = TIERS["test"]
LONG = replace(TIER, epochs=4)


@pytest.fixture(scope="module")
def photos():
    return synthetic_photos(TIER)


@pytest.fixture(scope="module")
def whole(photos):
    """A run that nothing disturbed, and what it has learnt."""
    learner = learner_for(ARMS["2x2"], photos, LONG)
    return fit(learner), learner.model.state_dict()


@pytest.fixture(autouse=True)
def runs_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("LESSON_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(race_module, "PACE", 0)  # news after every batch


def to_the_end(race):
    race.start()
    race.wait()
    assert race.error is None
    return race.runs


def is_whole(race, whole):
    """Whether the race's only run and its network are those of the undisturbed one."""
    (run,) = race.runs
    undisturbed, weights = whole
    assert run.losses == undisturbed.losses
    assert accuracies(run) == accuracies(undisturbed)
    for name, value in race.models["2x2"].state_dict().items():
        assert torch.equal(value, weights[name])
    return True


def accuracies(run):
    return [epoch["accuracy"] for epoch in run.epochs]


def test_time_left_counts_the_arms_to_come_at_the_pace_of_this_one():
    live = Live("3x3", [], [], done=30, total=150, length=30, pace=0.5)
    assert (
        live.place == "epoch 1 of 5, batch 30 of 30"
        and live.seconds_left() == 60
        and live.seconds_left(2) == 210
    )
    assert [duration_in_words(s) for s in (0, 59.6, 100, 3600, 7300)] == [
        "about 1 s", "about 60 s", "about 2 min", "about 60 min", "about 2.0 h",
    ]  # fmt: skip


def test_a_pause_changes_nothing(photos, whole):
    race = Race([ARMS["2x2"]], photos, LONG)
    race.start()
    for batch in (3, 20):
        at_batch(race, batch)
        race.pause()
        until(lambda: race.state == "paused")
        time.sleep(0.3)
        at = race.live.done
        time.sleep(0.3)
        assert race.live.done == at
        assert f"batch {(at - 1) % 15 + 1} of 15" in str(race)
        race.go()
    race.wait()
    assert is_whole(race, whole)


def test_stop_and_start_go_on_to_the_unbroken_end(photos, whole):
    race = Race([ARMS["2x2"]], photos, LONG)
    race.start()
    at_batch(race, 20)
    race.stop()
    race.wait()
    (part,) = race.runs
    assert not part.finished
    assert len(part.epochs) >= 1
    assert own_runs() == []
    trained = []
    race.tell = lambda: trained.append(race.live and race.live.done)
    to_the_end(race)
    assert min(filter(None, trained)) > 15  # the first epoch is not trained again
    assert is_whole(race, whole)


def test_a_new_race_goes_on_with_an_unfinished_run(photos, whole):
    first = Race([ARMS["2x2"]], photos, LONG)
    first.start()
    at_batch(first, 20)
    first.stop()
    first.wait()
    trained = []
    second = Race([ARMS["2x2"]], photos, LONG)
    second.tell = lambda: trained.append(second.live and second.live.done)
    to_the_end(second)
    assert min(filter(None, trained)) > 15
    assert is_whole(second, whole)


def test_an_arm_that_is_in_the_race_is_not_added_again(photos):
    race = Race([ARMS["pair"]], photos, TIER)
    sentence = "two 2x2, activation after the second is in the race already"
    with pytest.raises(ValueError, match=sentence):
        race.add(ARMS["pair"])


def test_only_exactly_the_same_run_is_taken_up(photos, tmp_path, monkeypatch):
    (run,) = to_the_end(Race([ARMS["3x3"]], photos, TIER))
    assert Race([ARMS["3x3"]], photos, TIER).left == []
    deeper = replace(TIER.network, blocks=(1, 1, 1, 2))
    others = [
        Race([ARMS["2x2"]], photos, TIER),
        Race([ARMS["3x3"]], photos, TIER, seed=1),
        Race([ARMS["3x3"]], photos, replace(TIER, lr=1e-3)),
        Race([ARMS["3x3"]], photos, replace(TIER, network=deeper)),
        Race([ARMS["3x3"]], replace(photos, source="others"), TIER),
        Race([ARMS["3x3"]], photos, TIER, record_as="elsewhere"),
    ]
    record(replace(run, finished=False), "stopped")
    others.append(Race([ARMS["3x3"]], photos, TIER, record_as="stopped"))
    course = tmp_path / "course"  # runs that came with the course
    (course / "runs").mkdir(parents=True)
    monkeypatch.setattr("lessonlib.training.runs.DATA", course)
    recorded = (tmp_path / "runs" / "local.jsonl").read_text()
    (course / "runs" / "cpu.jsonl").write_text(recorded)
    others.append(Race([ARMS["3x3"]], photos, TIER, record_as="cpu"))
    assert len(load_runs("cpu")) == 1
    for other in others:
        assert len(other.left) == 1
        assert other.runs == []


def test_each_arm_is_trained_by_its_own_rate_and_taken_up_by_it_alone(photos):
    arms = [ARMS["3x3"], ARMS["2x2"]]
    race = Race(arms, photos, TIER, rates={"3x3": 1e-3})
    rates = {run.arm: run.recipe["lr"] for run in to_the_end(race)}
    assert rates == {"3x3": 1e-3, "2x2": TIER.lr}
    race.use({})
    assert [arm.name for arm in race.left] == ["3x3"]
    assert "epochs, learning rate 0.004, on" in race_status(race)
    race.use({"3x3": 1e-3})
    assert race.left == []


def test_the_rate_cannot_change_under_a_running_race(photos):
    race = Race([ARMS["2x2"]], photos, LONG)
    race.start()
    try:
        with pytest.raises(ValueError, match="race is running: stop it, then choose another"):
            race.use({"2x2": 1e-2})
    finally:
        race.stop()
        race.wait()
    assert race.recipe(ARMS["2x2"]).lr == LONG.lr


def earlier(photos, accuracy, **changes):
    """A recorded run of one 3x3 whose accuracy after the two epochs is `accuracy` and twice that."""
    recipe = json.loads(json.dumps(asdict(TIER)))
    epochs = [{"accuracy": accuracy}, {"accuracy": 2 * accuracy}]
    told = {"arm": "3x3", "recipe": recipe, "data": photos.source, "machine": "M"}
    return a_run(**told | changes, epochs=epochs)


def test_a_band_spans_the_runs_that_match(photos):
    few = [earlier(photos, a) for a in (0.1, 0.2, 0.4)]
    others = [
        earlier(photos, 0.3, data="Imagewoof"),
        earlier(photos, 0.3, finished=False),
        earlier(photos, 0.3, recipe=asdict(LONG)),
        *(earlier(photos, 0.3, arm="5x5"),) * 2,  # not in the race
        earlier(photos, 0.3, arm="2x2"),  # one run is no range
    ]
    (band,) = bands_of(few + others, THE_FOUR, lambda arm: TIER, photos)
    assert (
        (band.arm, band.runs) == ("3x3", 3)
        and band.low.tolist() == [0.1, 0.2]
        and band.high.tolist() == [0.4, 0.8]
    )
    assert describe([band]).startswith(
        "Pale bands: least to most of 3 earlier runs per arm"
    ) and "recorded on M, float32" in describe([band])
    many = [earlier(photos, 0.01 * k, machine=f"M{k % 2}") for k in range(11)]
    (band,) = bands_of(many, THE_FOUR, lambda arm: TIER, photos)
    assert np.allclose(band.low, [0.01, 0.02]) and np.allclose(band.high, [0.09, 0.18])
    assert "middle 80% of 11 earlier runs" in describe(
        [band]
    ) and "recorded on M0, float32; M1, float32." in describe([band])
    both = bands_of(
        many + [replace(run, arm="2x2") for run in few], THE_FOUR, lambda arm: TIER, photos
    )
    assert [b.high[0] for b in both] == [
        0.1,
        0.4,
    ] and "least to most of 3 to 11 earlier runs" in describe(both)
    assert bands_of(
        others, THE_FOUR, lambda arm: TIER, photos
    ) == [] and "No bands: no two" in describe([])


def test_the_recorded_runs_count_for_every_copy_of_imagewoof(photos):
    """As for a learner who has fast.ai's own archive, whose bytes differ from those recorded on."""
    source = "Imagewoof v2, 9,025 training and 3,929 validation photos"
    theirs = replace(photos, source=source, copy="0" * 8, stand_in=False)
    runs = load_runs("cpu")
    assert len(runs) == 156
    bands = bands_of(runs, THE_FOUR, lambda arm: TIERS["cpu"], theirs)
    assert [band.arm for band in bands] == [arm.name for arm in THE_FOUR]
    assert {run.data for run in runs} == {source}
    assert "float32" in describe(bands)

"""Batches, runs and training: repeatable to the bit, stoppable, recorded."""

import json
import threading
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from lessonlib.arms import ARMS
from lessonlib.configs import TIERS, current_tier
from lessonlib.imagewoof.batches import MEAN, STD, Batches
from lessonlib.imagewoof.crops import middle
from lessonlib.imagewoof.photos import load_photos, synthetic_photos
from lessonlib.training.fit import DeviceLost, OutOfMemory, fit, learner_for
from lessonlib.training.recorder import TrainingControl
from lessonlib.training.runs import load_runs, record

TIER = TIERS["test"]


@pytest.fixture(scope="module")
def photos():
    return synthetic_photos(TIER)


def flat_photos(n=10, size=8):
    """Photos whose green says which one it is, and whose red grows from left to right, so that
    mirroring shows."""
    images = np.zeros((n, 3, size, size), np.uint8)
    images[:, 0], images[:, 1] = 20 * np.arange(size), 20 * np.arange(n)[:, None, None]
    return images, np.arange(n), np.ones(n)


def unnormalised(x):
    mean, std = (torch.tensor(t).view(3, 1, 1) for t in (MEAN, STD))
    return ((x * std + mean) * 255).round().to(torch.uint8)


def test_a_training_epoch_crops_and_mirrors_every_photo_once():
    seen, mirrored = [], 0
    for x, y in Batches(*flat_photos(), px=4, batch=5, seed=0):
        assert (
            x.is_contiguous(memory_format=torch.channels_last)
            and x.dtype == torch.float32
            and x.shape == (5, 3, 4, 4)
        )
        for photo, k in zip(unnormalised(x), y.tolist()):
            assert (photo[1] == 20 * k).all()
            mirrored += bool(photo[0, 0, 0] > photo[0, 0, -1])
        seen += y.tolist()
    assert sorted(seen) == list(range(10)) and seen != list(range(10)) and 0 < mirrored < 10


def test_validation_is_the_middle_in_order_to_the_last_photo():
    images, labels, aspects = flat_photos()
    batches = list(Batches(images, labels, aspects, px=4, batch=4))
    assert [len(y) for _, y in batches] == [4, 4, 2] and torch.equal(
        torch.cat([y for _, y in batches]), torch.arange(10)
    )
    assert torch.equal(
        unnormalised(torch.cat([x for x, _ in batches])), middle(torch.from_numpy(images), 4)
    )


def test_the_seed_decides_the_batches_and_every_epoch_differs():
    def epochs(seed):
        batches = Batches(*flat_photos(), px=4, batch=5, seed=seed)
        return [torch.cat([x for x, _ in batches]) for _ in range(2)]

    assert all(map(torch.equal, epochs(0), epochs(0)))
    assert not torch.equal(*epochs(0)) and not torch.equal(epochs(0)[0], epochs(1)[0])


def test_an_epoch_can_be_had_by_its_number():
    first, later = (Batches(*flat_photos(), px=4, batch=5, seed=3) for _ in range(2))
    list(first)
    later.epoch = 1
    assert torch.equal(next(iter(first))[0], next(iter(later))[0])


def test_the_same_seed_gives_the_same_run_to_the_bit(photos):
    def trained(seed):
        torch.rand(seed + 1)  # whatever was drawn before must not matter
        learner = learner_for(ARMS["pair-act"], photos, TIER, seed)
        run = fit(learner)
        return run, learner.model.state_dict()

    (run, weights), (again, same), (other, _) = trained(3), trained(3), trained(4)
    assert run.losses == again.losses and run.accuracy == again.accuracy
    assert all(torch.equal(weights[name], same[name]) for name in weights)
    assert run.losses != other.losses


def test_a_run_says_what_it_is(photos):
    run = fit(learner_for(ARMS["3x3"], photos, TIER))
    assert (
        run.finished
        and len(run.epochs) == TIER.epochs
        and run.stand_in
        and run.recipe["name"] == "test"
    )
    assert len(run.losses) == TIER.epochs * (240 // TIER.batch)
    assert 0 <= run.accuracy <= 1 and run.epochs[0]["images_per_second"] > 0


def test_training_learns():
    photos = synthetic_photos(replace(TIER, photos=(2, 2)))
    photos = replace(photos, valid=photos.train)  # twenty photos by heart
    run = fit(learner_for(ARMS["3x3"], photos, replace(TIER, epochs=30, batch=10)))
    assert run.accuracy > 0.5 and run.losses[-1] < 0.8 * run.losses[0]


def test_stop_in_the_middle_of_an_epoch_keeps_what_was_learnt(photos):
    control, batches = TrainingControl(), 240 // TIER.batch

    def watch(recorder):
        if recorder.done == batches + 3:
            control.stop()

    learner = learner_for(ARMS["3x3"], photos, TIER)
    start = {name: value.clone() for name, value in learner.model.state_dict().items()}
    run = fit(learner, watch, control)
    assert not run.finished and len(run.epochs) == 1 and len(run.losses) == batches + 3
    assert run.accuracy is not None
    assert any(
        not torch.equal(value, learner.model.state_dict()[name]) for name, value in start.items()
    )
    assert (
        learner_for(ARMS["3x3"], photos, TIER).model is not learner.model
    )  # and the next one starts afresh


def test_the_kernels_interrupt_stops_in_the_same_way(photos):
    def watch(recorder):
        if recorder.done == 2:
            raise KeyboardInterrupt

    run = fit(learner_for(ARMS["3x3"], photos, TIER), watch)
    assert not run.finished and run.epochs == [] and run.accuracy is None and len(run.losses) == 2


def test_a_pause_loses_nothing_and_does_not_count_as_time(photos):
    control, seen = TrainingControl(), []

    def watch(recorder):
        seen.append(recorder.done)
        if recorder.done == 5 and not control.paused:
            control.pause()
            threading.Timer(1.0, control.go).start()

    paused = fit(learner_for(ARMS["3x3"], photos, TIER, 5), watch, control)
    assert paused.losses == fit(learner_for(ARMS["3x3"], photos, TIER, 5)).losses
    assert paused.epochs[0]["seconds"] < 1.0 + paused.epochs[1]["seconds"]


def test_out_of_memory_names_a_smaller_batch(photos, monkeypatch):
    learner = learner_for(ARMS["3x3"], photos, TIER)

    def no_room(x):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")

    monkeypatch.setattr(learner, "model", torch.nn.Sequential(*learner.model))
    monkeypatch.setattr(learner.model, "forward", no_room)
    with pytest.raises(
        OutOfMemory,
        match=r"too small for batches of 16 photos: try 8, with replace\(tier, batch=8\)",
    ):
        fit(learner)
    assert fit(learner_for(ARMS["3x3"], photos, TIER)).finished


def test_a_gpu_that_is_gone_is_one_sentence_and_the_checkpoint_stays(photos, tmp_path):
    path = tmp_path / "run.pt"
    learner = learner_for(ARMS["3x3"], photos, TIER)
    batches = len(learner.dls.train)

    def watch(recorder):
        if recorder.done == batches + 2:  # in the second epoch
            raise RuntimeError("CUDA error: unspecified launch failure\nCUDA kernel errors ...")

    with pytest.raises(DeviceLost, match=r"does not answer \(CUDA error: .*\): restart the kernel"):
        fit(learner, watch, checkpoint=path)
    again = fit(learner_for(ARMS["3x3"], photos, TIER), checkpoint=path)
    assert again.losses == fit(learner_for(ARMS["3x3"], photos, TIER)).losses


def test_runs_are_lines_and_a_damaged_line_is_left_out(photos, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LESSON_RUNS", str(tmp_path / "runs"))
    run = fit(learner_for(ARMS["2x2"], photos, replace(TIER, epochs=1)))
    record(run)
    with (tmp_path / "runs" / "local.jsonl").open("a") as f:
        f.write('{"arm": "3x3"\n{"arm": "3x3"}\n')
    other = replace(run, seed=1)
    record(other)
    kept = [json.dumps(asdict(r)) for r in load_runs()]
    assert kept == [json.dumps(asdict(run)), json.dumps(asdict(other))]
    assert "Left out line 2" in (said := capsys.readouterr().out) and "Left out line 3" in said
    assert load_runs("nothing of that name") == []


def test_the_tier_is_chosen_by_name(monkeypatch):
    monkeypatch.setenv("LESSON_TIER", "cpu")
    assert current_tier().px == 64
    monkeypatch.setenv("LESSON_TIER", "laptop")
    with pytest.raises(
        ValueError, match="LESSON_TIER is 'laptop'; set it to one of test, cpu, gpu"
    ):
        current_tier()


def test_a_short_race_on_the_photos_there_are():
    """On real photos where IMAGEWOOF names them, as in continuous integration; elsewhere on the
    stand-in."""
    tier = replace(TIER, photos=(60, 20), epochs=2)
    photos = load_photos(tier)
    for arm in ARMS.values():
        run = fit(learner_for(arm, photos, tier))
        assert run.finished and np.mean(run.losses[-12:]) < np.mean(run.losses[:12])

"""A run that is killed, anywhere, goes on and ends as if nothing had been."""

import random
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch

from lessonlib.arms import ARMS
from lessonlib.configs import TIERS
from lessonlib.imagewoof.photos import synthetic_photos
from lessonlib.training import checkpoints
from lessonlib.training.fit import fit, learner_for
from lessonlib.training.recorder import TrainingControl
from lessonlib.training.runs import own_runs

TIER = replace(TIERS["test"], epochs=3)
KILLS = 1  # twenty were done once, by python tests/test_checkpoints.py 20


@pytest.fixture(scope="module")
def photos():
    return synthetic_photos(TIER)


def weights(learner):
    return learner.model.state_dict()


def same(a, b):
    return all(torch.equal(value, b[name]) for name, value in a.items())


def stopped_at(batch, photos, path, arm="pair-act"):
    control = TrainingControl()
    learner = learner_for(ARMS[arm], photos, TIER, seed=2)
    return fit(
        learner,
        lambda recorder: recorder.done == batch and control.stop(),
        control,
        checkpoint=path,
    )


@pytest.mark.parametrize("batch", [1, 15, 17, 31, 44])
def test_a_run_stopped_anywhere_goes_on_to_the_same_end(photos, tmp_path, batch):
    unbroken = learner_for(ARMS["pair-act"], photos, TIER, seed=2)
    whole = fit(unbroken)
    path = tmp_path / "run.pt"
    assert not stopped_at(batch, photos, path).finished and path.exists() == (batch > 15)
    resumed = learner_for(ARMS["pair-act"], photos, TIER, seed=2)
    run = fit(resumed, checkpoint=path)
    assert run.finished and run.losses == whole.losses and same(weights(unbroken), weights(resumed))
    assert [e["accuracy"] for e in run.epochs] == [e["accuracy"] for e in whole.epochs]
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_checkpoint_is_named_and_the_run_starts_anew(photos, tmp_path, capsys):
    path = tmp_path / "run.pt"
    whole = fit(learner_for(ARMS["3x3"], photos, TIER))
    for damage in (b"", b"no checkpoint", None):
        stopped_at(20, photos, path, "3x3")
        path.write_bytes(path.read_bytes()[:-2000] if damage is None else damage)
        assert fit(learner_for(ARMS["3x3"], photos, TIER), checkpoint=path).losses == whole.losses
        assert "Left out the checkpoint" in capsys.readouterr().out


def test_a_checkpoint_of_another_network_is_not_loaded(photos, tmp_path, capsys):
    path = tmp_path / "run.pt"
    stopped_at(20, photos, path, "2x2")
    run = fit(learner_for(ARMS["3x3"], photos, TIER), checkpoint=path)
    assert (
        run.losses == fit(learner_for(ARMS["3x3"], photos, TIER)).losses
        and "starts anew" in capsys.readouterr().out
    )


class Malice:
    def __reduce__(self):
        return print, ("code was run",)


def test_a_checkpoint_never_runs_code(photos, tmp_path, capsys):
    path = tmp_path / "run.pt"
    torch.save({"model": Malice(), "optimizer": {}, "losses": [], "epochs": []}, path)
    assert fit(learner_for(ARMS["3x3"], photos, replace(TIER, epochs=1)), checkpoint=path).finished
    said = capsys.readouterr().out
    assert "Left out the checkpoint" in said and "code was run" not in said


def test_a_run_that_cannot_be_recorded_is_not_lost(photos, tmp_path, monkeypatch):
    """A full disk at the very end: the checkpoint stays, and the next try records without training
    again."""

    def full(run, name):
        raise OSError("no room")

    path, trained = tmp_path / "run.pt", []
    with monkeypatch.context() as patch, pytest.raises(OSError, match="no room"):
        patch.setattr("lessonlib.training.fit.record", full)
        fit(learner_for(ARMS["3x3"], photos, TIER), checkpoint=path, record_as="full")
    monkeypatch.setenv("LESSON_RUNS", str(tmp_path / "runs"))
    run = fit(
        learner_for(ARMS["3x3"], photos, TIER), trained.append, checkpoint=path, record_as="full"
    )
    assert run.finished and trained == [] and not path.exists()
    assert [r.losses for r in own_runs("full")] == [run.losses]


def test_every_arm_recipe_seed_and_set_of_photos_has_its_own_checkpoint(photos):
    learners = [
        learner_for(ARMS["3x3"], photos, TIER),
        learner_for(ARMS["2x2"], photos, TIER),
        learner_for(ARMS["3x3"], photos, TIER, seed=1),
        learner_for(ARMS["3x3"], photos, replace(TIER, batch=32)),
        learner_for(ARMS["3x3"], replace(photos, source="others"), TIER),
    ]
    assert len({checkpoints.checkpoint_path(learner) for learner in learners}) == 5


RUN = """
import sys
from dataclasses import replace
from pathlib import Path
import torch
torch.set_num_threads(1)
from lessonlib.arms import ARMS
from lessonlib.imagewoof.photos import synthetic_photos
from lessonlib.training.runs import own_runs
from lessonlib.configs import TIERS
from lessonlib.training.fit import fit, learner_for
tier = replace(TIERS["test"], epochs=12)
learner = learner_for(ARMS["pair"], synthetic_photos(tier), tier)
print("begins", flush=True)
run = fit(learner, checkpoint=Path(sys.argv[1]))
torch.save([run.losses, [e["accuracy"] for e in run.epochs], learner.model.state_dict()], sys.argv[2])
"""


def killed_and_resumed(folder, kills, seed=0):
    """Kill a run `kills` times at random moments of its training, let it end, and compare it with
    an unbroken one."""
    chance = random.Random(seed)

    def start(name):
        command = [
            sys.executable,
            "-c",
            RUN,
            str(folder / f"{name}.pt"),
            str(folder / f"{name}.end"),
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        process.stdout.readline()  # its imports are done
        return process

    began = time.monotonic()
    assert start("unbroken").wait() == 0
    length, met = time.monotonic() - began, 0
    while met < kills:
        process = start("broken")
        try:
            process.wait(chance.uniform(0, 0.3 * length))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            met += 1
        else:
            (
                folder / "broken.end"
            ).unlink()  # it came to its end between two kills: begin another one
    assert start("broken").wait() == 0
    ends = [torch.load(folder / f"{name}.end") for name in ("unbroken", "broken")]
    assert ends[0][:2] == ends[1][:2] and same(ends[0][2], ends[1][2])
    assert sorted(f.name for f in folder.iterdir()) == ["broken.end", "unbroken.end"]


def test_killed_at_random_moments_and_resumed(tmp_path):
    killed_and_resumed(tmp_path, KILLS)


if __name__ == "__main__":
    import tempfile
    from pathlib import Path

    for seed in range(
        int(sys.argv[1])
    ):  # so many runs, each killed at least once at a moment of its own
        with tempfile.TemporaryDirectory() as folder:
            killed_and_resumed(Path(folder), kills=1, seed=seed)
            print(f"run {seed + 1}: killed, resumed, same to the bit", flush=True)

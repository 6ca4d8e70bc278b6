"""A study killed at random moments and started again records each run once, and unchanged."""

import random
import time

import pytest

from helpers.killing import kill, start_study
from helpers.repeats import REPEATS
from lessonlib.study.plans import get_plan
from lessonlib.training import worker
from lessonlib.training.runs import arithmetic_here, load_runs

[PART] = get_plan("test")
HERE = arithmetic_here()
AFTER = {1: 1, 2: 15}  # seconds in which so many workers begin another run


def source():
    return worker.photos_for(PART.base).source


def missing():
    return worker.missing_trials(PART.trials, "test", source())


def recorded_lines(folder):
    path = folder / "test.jsonl"
    return path.read_bytes().splitlines() if path.exists() else []


def killed_after(folder, at_once, chance):
    """Kill a study after a random number of runs; the trials it was training, None if it ended."""
    process = start_study(folder, at_once)
    done = chance.randint(len(recorded_lines(folder)), len(PART.trials))
    while process.is_alive() and len(recorded_lines(folder)) < done:
        time.sleep(0.02)
    process.join(chance.uniform(0, AFTER[at_once]))
    if not process.is_alive():
        return None
    kill(process, with_workers=chance.random() < 0.5)
    return missing()[:at_once]


def check_all_recorded(folder):
    assert len(recorded_lines(folder)) == len(PART.trials) == len(load_runs("test"))
    assert missing() == []
    assert [file.name for file in (folder / "unfinished").iterdir()] == ["test.lock"]


def losses(name):
    return {r.key: r.losses for r in load_runs(name)}


@pytest.mark.parametrize("at_once", [1] if REPEATS == 1 else [1, 2])
def test_killed_and_started_again_each_run_is_recorded_once(at_once, tmp_path, monkeypatch):
    monkeypatch.setenv("LESSON_RUNS", str(tmp_path))
    chance = random.Random(0)
    broken = []
    kills = 0
    while kills < REPEATS:
        trials = killed_after(tmp_path, at_once, chance)
        if trials is None:  # it ended before the kill: begin another one
            check_all_recorded(tmp_path)
            (tmp_path / "test.jsonl").unlink()
            broken = []
        else:
            broken += [trial for trial in trials if trial not in broken]
            kills += 1
    last = start_study(tmp_path, at_once)
    last.join()
    assert last.exitcode == 0
    check_all_recorded(tmp_path)
    for trial in broken:
        worker.train_trial(trial, "unbroken", source(), HERE, patient=False)
    assert losses("unbroken").items() <= losses("test").items()
    assert len(losses("unbroken")) == len(broken)

"""A study: however many work on it, each run is recorded once, and errors are one line."""

import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import joblib
import pytest
import torch
from joblib._parallel_backends import ThreadingBackend

from lessonlib.configs import TIERS
from lessonlib.study.parts import Trial
from lessonlib.study.plans import get_plan
from lessonlib.study.runner import main, run_study
from lessonlib.training import worker
from lessonlib.training.checkpoints import unfinished_path
from lessonlib.training.runs import arithmetic_here, load_runs

TIER = TIERS["test"]
TRIAL = Trial("2x2", replace(TIER, epochs=1), 0)
HERE = arithmetic_here()
[PART] = get_plan("test")
ALL = sorted((t.arm, t.recipe.network.activation, t.seed) for t in PART.trials)


def identities(runs):
    return sorted((run.arm, run.recipe["network"]["activation"], run.seed) for run in runs)


def source():
    return worker.photos_for(TIER).source


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LESSON_RUNS", str(tmp_path))
    return tmp_path


def test_a_study_records_each_run_once_and_says_how_far_it_is(folder, capsys):
    run_study("test", only=["2x2"])
    assert identities(load_runs("test")) == [run for run in ALL if run[0] == "2x2"]
    said = capsys.readouterr().out.splitlines()
    assert "0 of 4 runs are recorded, on " in said[-5]
    assert said[-1].startswith("4 of 4: 2x2, seed 3: ")
    assert "% after " in said[-1]
    assert said[-1].endswith(" left.")
    run_study("test")
    assert identities(load_runs("test")) == ALL
    recorded = (folder / "test.jsonl").read_bytes()
    run_study("test")
    assert "9 of 9 runs are recorded" in capsys.readouterr().out
    assert (folder / "test.jsonl").read_bytes() == recorded
    assert [file.name for file in (folder / "unfinished").iterdir()] == ["test.lock"]


class AllAtTheEnd(ThreadingBackend):
    """As Ray's backend: no generator."""

    supports_return_generator = False


def test_two_studies_at_once_and_a_backend_without_generators_share_the_work(folder, capsys):
    joblib.register_parallel_backend("all at the end", AllAtTheEnd)
    other = threading.Thread(target=run_study, args=["test"], kwargs={"only": ["3x3"]})
    other.start()
    with joblib.parallel_config("all at the end", n_jobs=2):
        run_study("test", only=["3x3"])
    other.join()
    assert identities(load_runs("test")) == [run for run in ALL if run[0] == "3x3"]
    assert sum("% after" in line for line in capsys.readouterr().out.splitlines()) == 5


HOLD = """
import filelock, sys, time
held = filelock.FileLock(sys.argv[1]).acquire()
print(flush=True)
time.sleep(600)
"""


def test_a_run_that_another_worker_has_is_left_to_it_unless_it_dies(folder):
    lock = unfinished_path(TRIAL.arm, TRIAL.seed, worker.trial_key(TRIAL, source()), ".lock")
    command = [sys.executable, "-c", HOLD, str(lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        report = worker.train_trial(TRIAL, "some", source(), HERE, patient=False)
        recorded = load_runs("some")
        threading.Timer(0.5, other.kill).start()
        assert (report, recorded) == (None, [])
        assert worker.train_trial(TRIAL, "some", source(), HERE, patient=True)[0] == TRIAL
    assert worker.train_trial(TRIAL, "some", source(), HERE, patient=True) is None
    assert len(load_runs("some")) == 1


def test_a_worker_with_other_photos_records_nothing(folder):
    sentence = "A worker has other photos, .*, not those of the others: set IMAGEWOOF"
    with pytest.raises(ValueError, match=sentence):
        worker.train_trial(TRIAL, "some", "those of the others", HERE, patient=False)
    assert load_runs("some") == []


def test_a_worker_that_computes_in_another_way_records_nothing(folder):
    other = HERE._replace(device="cuda")
    with pytest.raises(ValueError, match="A worker computes on cpu .*, the study on cuda .*: give"):
        worker.train_trial(TRIAL, "some", source(), other, patient=False)
    assert load_runs("some") == []


def test_an_interrupt_ends_the_study_and_not_only_the_run(folder, monkeypatch):
    fit = worker.fit

    def interrupted(learner, **options):
        return replace(fit(learner, **options | {"record_as": None}), finished=False)

    monkeypatch.setattr(worker, "fit", interrupted)
    with pytest.raises(SystemExit, match="Stopped. The same command continues."):
        main(["test", "--workers", "1"])
    assert load_runs("test") == []


def test_a_study_leaves_the_threads_of_its_process_alone(folder):
    torch.set_num_threads(2)
    try:
        worker.train_trial(TRIAL, "some", source(), HERE, patient=False)
        assert torch.get_num_threads() == 2
        assert load_runs("some")[0].machine.endswith("threads: 1")
    finally:
        torch.set_num_threads(1)


@pytest.mark.parametrize(
    "words, sentence",
    [
        ("nope", "There is no plan 'nope'; choose one of test, cpu, gpu, "),
        ("table nope", "There is no plan 'nope'; choose one of test, cpu, gpu, "),
        ("cpu gpu", "One plan at a time: cpu or gpu."),
        ("test --only 9x9", "There is no arm '9x9'; choose one of 3x3, 2x2"),
        ("test --only 5x5", "The plan test has no run of 5x5; choose among 3x3, 2x2."),
        ("test --workers 0", "A study needs a worker: --workers 0 leaves none."),
        ("test --workers many", "Argument --workers: invalid int value: 'many'"),
        ("test --fast", "Unrecognized arguments: --fast"),
    ],
)
def test_bad_arguments_get_one_sentence(words, sentence, capsys):
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    assert str(ended.value).startswith(sentence)
    assert "\n" not in str(ended.value)
    assert capsys.readouterr() == ("", "")


DASK = """
import joblib
from distributed import Client, LocalCluster
from lessonlib.study.runner import run_study
if __name__ == "__main__":
    local = dict(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None)
    with LocalCluster(**local) as cluster, Client(cluster), joblib.parallel_config("dask"):
        run_study("test")
"""


def test_a_dask_cluster_takes_the_work_over(folder, tmp_path):
    pytest.importorskip("distributed")
    script = tmp_path / "on_dask.py"
    script.write_text(DASK)
    here = {"PYTHONPATH": str(Path(__file__).parents[2])}
    ended = subprocess.run(
        [sys.executable, script], env=os.environ | here, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    assert identities(load_runs("test")) == ALL
    assert "9 of 9: " in ended.stdout

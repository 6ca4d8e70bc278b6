"""A study: whatever kills it, and however many work on it, each run is recorded once; and the right runs are compared."""

import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import joblib
import numpy as np
import pytest
from joblib._parallel_backends import ThreadingBackend

from lessonlib.arms import ARMS
from lessonlib.configs import TIERS
from lessonlib.figures.tables import study_table
from lessonlib.study.comparisons import COMPARISONS, compared
from lessonlib.study.plans import CLEAN, IN_2019, MISH_STEM, PLANS, RAISED, THREAD, Trial, get_plan
from lessonlib.study.runner import main, run_study
from lessonlib.study.verdicts import FEWEST, interval
from lessonlib.training import worker
from lessonlib.training.checkpoints import unfinished_path
from lessonlib.training.runs import Run, load_runs

TIER = TIERS["test"]
KILLS = 2  # twenty were done once, by python tests/test_study.py 20


def identities(runs):
    return sorted((run.arm, run.recipe["network"]["activation"], run.seed) for run in runs)


ALL = sorted(
    (t.arm, t.recipe.network.activation, t.seed) for part in PLANS["test"] for t in part.trials
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LESSON_RUNS", str(tmp_path))
    return tmp_path


def test_a_study_records_each_run_once_and_says_how_far_it_is(folder, capsys):
    run_study("test", only=["2x2"])
    assert identities(load_runs("test")) == [run for run in ALL if run[0] == "2x2"]
    said = capsys.readouterr().out.splitlines()
    assert "0 of 4 runs are recorded, on " in said[-5] and said[-1].startswith(
        "4 of 4: 2x2, seed 3: "
    )
    assert said[-1].endswith(" left.") and "% after " in said[-1]
    run_study("test")
    assert identities(load_runs("test")) == ALL
    kept = (folder / "test.jsonl").read_bytes()
    run_study("test")
    assert (
        "9 of 9 runs are recorded" in capsys.readouterr().out
        and (folder / "test.jsonl").read_bytes() == kept
    )
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


TRIAL = Trial("2x2", replace(TIER, epochs=1), 0)


def test_a_run_that_another_worker_has_is_left_to_it_unless_it_dies(folder):
    source = worker.photos_for(TIER).source
    lock = unfinished_path(TRIAL.arm, TRIAL.recipe, TRIAL.seed, source, ".lock")
    hold = f"import time, filelock; held = filelock.FileLock({str(lock)!r}).acquire(); print(flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        left_alone = (
            worker.train_trial(TRIAL, "some", source, patient=False) is None
            and load_runs("some") == []
        )
        threading.Timer(0.5, other.kill).start()
        assert left_alone and worker.train_trial(TRIAL, "some", source, patient=True)[0] == TRIAL
    assert (
        worker.train_trial(TRIAL, "some", source, patient=True) is None
        and len(load_runs("some")) == 1
    )


def test_a_worker_with_other_photos_records_nothing(folder):
    with pytest.raises(
        ValueError, match="A worker has other photos, .*, not those of the others: set IMAGEWOOF"
    ):
        worker.train_trial(TRIAL, "some", "those of the others", patient=False)
    assert load_runs("some") == []


def test_an_interrupt_ends_the_study_and_not_only_the_run(folder, monkeypatch):
    fit = worker.fit
    monkeypatch.setattr(
        worker, "fit", lambda *a, **k: replace(fit(*a, **(k | {"record_as": None})), finished=False)
    )
    with pytest.raises(SystemExit, match="Stopped. The same command goes on."):
        main(["test", "--workers", "1"])
    assert load_runs("test") == []


def test_a_study_leaves_the_threads_of_its_process_alone(folder):
    import torch

    torch.set_num_threads(2)
    try:
        worker.train_trial(TRIAL, "some", worker.photos_for(TIER).source, patient=False)
        assert torch.get_num_threads() == 2 and load_runs("some")[0].machine.endswith("threads: 1")
    finally:
        torch.set_num_threads(1)


@pytest.mark.parametrize(
    "words, sentence",
    [
        ("nope", "There is no plan 'nope'; choose one of test, cpu, gpu."),
        ("table nope", "There is no plan 'nope'; choose one of test, cpu, gpu."),
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
    assert str(ended.value).startswith(sentence) and "\n" not in str(ended.value)
    assert capsys.readouterr() == ("", "")


def test_the_plans_have_the_runs_that_were_promised():
    def counts(part):
        return Counter((t.arm, *asdict(t.recipe)["network"].items()) for t in part.trials)

    [cpu] = get_plan("cpu")
    seeds = {
        (v.arm, *asdict(v.recipe(cpu.base))["network"].items()): n
        for vs, n in ((CLEAN + IN_2019, 10), (RAISED, 7))
        for v in vs
    }
    added = len(ARMS) - 14  # each has four runs on a CPU and five on a GPU
    assert (
        len(counts(cpu)) == 21 + added
        and len(cpu.trials) == len(set(cpu.trials)) == 156 + 4 * added
    )
    assert all(n == seeds.get(variant, 4) for variant, n in counts(cpu).items())
    assert {t.arm for t in cpu.trials} == set(ARMS)
    small, large, *long = get_plan("gpu")
    assert (small.base.network.expansion, large.base.network.expansion) == (
        1,
        4,
    ) and small.base.px == large.base.px == 128
    for part in (small, large):
        assert sorted(counts(part).values()) == [5] * (12 + added) + [15] * 9 and {
            t.recipe.epochs for t in part.trials
        } == {5}
    for part in long:
        assert list(counts(part).values()) == [5] * 4 and {
            t.recipe.epochs for t in part.trials
        } == {20}


@pytest.mark.parametrize(
    "part",
    [part for parts in PLANS.values() for part in parts],
    ids=lambda p: f"{p.label}-{p.base.epochs}",
)
def test_a_study_cut_short_anywhere_is_balanced(part):
    final = Counter(replace(t, seed=0) for t in part.trials)
    most, so_far = max(final.values()), Counter()
    for trial in part.trials:
        variant = replace(trial, seed=0)
        assert trial.seed == so_far[variant]  # the seeds of a variant come in order
        so_far[variant] += 1
        for group in set(final.values()):
            done = [so_far[v] for v, n in final.items() if n == group]
            assert max(done) - min(done) <= 1
            assert group == most or max(done) <= max(
                so_far[v] for v, n in final.items() if n == most
            )


ALL_COMPARISONS = [c for some in COMPARISONS.values() for c in some]


def test_every_comparison_has_the_right_reference():
    """A recipe may differ from its reference's in what is compared and in nothing else."""
    mish = {"activation", "stem_activation"}
    for c in ALL_COMPARISONS:
        ours, theirs = c.variant.recipe(TIER).network, c.reference.recipe(TIER).network
        changed = {k for k, value in asdict(ours).items() if asdict(theirs)[k] != value}
        if c.variant.arm == c.reference.arm:
            assert len(changed) == 1 or changed == mish and c.against == "ReLU"
        elif c.reference.arm == "3x3" and c.variant in THREAD and c.reference != MISH_STEM:
            assert theirs.activation == "mish" and theirs.stem_activation == "relu"
            assert changed == {"stem_activation"}  # the confound is the thread's
        else:
            assert changed == set() and (ours.activation == "relu" or c.variant in THREAD)
    assert len({(c.label, c.against) for c in ALL_COMPARISONS}) == len(ALL_COMPARISONS)
    [cpu], small = get_plan("cpu"), get_plan("gpu")[0]
    assert all(
        part.has(c.variant) and part.has(c.reference)
        for part in (cpu, small)
        for c in ALL_COMPARISONS
    )


def test_the_changes_one_at_a_time_lead_from_the_clean_pair_to_that_of_2019():
    steps = COMPARISONS["one change at a time"][:4]
    assert steps[0].reference == CLEAN[3] and steps[-1].variant == THREAD[3]
    assert all(before.variant == after.reference for before, after in zip(steps, steps[1:]))


def some_runs(part, accuracy, data="photos"):
    """Runs without training: accuracy(arm, network, seed) is theirs."""
    for t in part.trials:
        share = accuracy(t.arm, t.recipe.network, t.seed)
        recipe = asdict(t.recipe) | {
            "network": asdict(t.recipe.network) | {"blocks": list(t.recipe.network.blocks)}
        }
        yield Run(
            t.arm, t.seed, recipe, data, False, [{"accuracy": share}], [], 1, True, "a machine", {}
        )


def test_the_table_compares_what_it_says():
    [cpu] = get_plan("cpu")
    spread = np.random.default_rng(0).normal(0, 0.002, 10)

    def accuracy(arm, network, seed):
        lost = 0.05 if arm == "2x2" else 0
        gained = 0.02 if network.stem_activation == "mish" else 0.2 if network.stem == "7x7" else 0
        return (
            0.6
            - lost
            + gained
            + seed / 100
            + spread[seed] * (arm != "3x3" or network.stem_activation == "mish")
        )

    runs = [*some_runs(cpu, accuracy), *some_runs(cpu, lambda *_: 0.1, "drawings")]
    text = study_table([cpu], runs).data
    [title] = {line for line in text.splitlines() if line.startswith("**")}
    assert "\n| compared | against | pairs of runs |" in text
    assert (
        title == "**xresnet of half width, 64 px, 5 epochs**"
        and "Measured on photos, a machine." in text
    )
    found = {(c.label, c.against): d for c, d in compared(cpu, runs[: len(cpu.trials)])}
    rows = dict(zip(found, text.split("Measured on photos")[0].splitlines()))
    assert len(rows) == len(ALL_COMPARISONS)

    differences = 100 * (spread - 0.05)
    low, high = interval(differences)
    row = next(
        line
        for line in text.split("on drawings")[1].splitlines()
        if line.startswith("| one 2x2 | 3x3 |")
    )
    cells = [cell.strip() for cell in row.split("|")[1:-1]]
    assert cells[2:5] == ["10", f"{differences.mean():+.1f}", f"{low:+.1f} to {high:+.1f}"]
    assert cells[5].startswith("worse by at least 4.") and cells[6] == str(FEWEST)
    assert np.allclose(
        found["3x3 of 2019: Mish in the stem", "ReLU in the stem"], 100 * (0.02 + spread)
    )
    assert np.allclose(found["one 2x2 of 2019", "3x3 of 2019"], 100 * (spread - 0.03))
    assert np.allclose(found["one 5x5", "3x3"], 100 * spread[:4])
    assert np.allclose(found["3x3: stem of one 7x7", "of three 3x3"], 20)
    stand = text.split("on drawings")[1].split("there stand: ")[1]
    assert (
        "one 2x2 against 3x3: worse by at least 4." in stand
        and f"in the whole study: {len(rows)}." in text
    )

    some = study_table([cpu], runs, "order and stem").data
    assert (
        "| 3x3: stem of one 7x7 |" in some
        and "| one 2x2 | 3x3 |" not in some
        and f"whole study: {len(rows)}." in some
    )
    with pytest.raises(
        ValueError,
        match="There is no question 'stems'; choose one of the thread, clean; as in 2019; ",
    ):
        study_table([cpu], runs, "stems")


def test_what_is_too_little_to_be_a_verdict_does_not_stand_either():
    """An interval may leave out zero and still begin below the hundredth of a point that counts as a difference."""
    runs = [
        *some_runs(
            get_plan("cpu")[0], lambda arm, _, seed: 0.5 + (arm == "2x2") * (6e-5 + 1e-6 * seed)
        )
    ]
    text = study_table(get_plan("cpu"), runs, "the thread, clean").data
    assert "| one 2x2 | 3x3 | 10 | +0.0 | +0.0 to +0.0 | not distinguishable with 10 runs |" in text
    assert "there stand: none." in text


def test_a_table_without_runs_says_so(folder, capsys):
    main(["table", "gpu"])
    assert capsys.readouterr().out == "No run is there yet.\n"
    equal = [*some_runs(get_plan("cpu")[0], lambda *_: 0.5)]
    assert (
        "| 10 | +0.0 | - | not distinguishable with 10 runs | - |"
        in study_table(get_plan("cpu"), equal).data
    )
    text = study_table(get_plan("cpu"), [run for run in equal if run.seed == 0]).data
    assert (
        "| 1 | +0.0 | - | not distinguishable with 1 run | - |" in text
        and "No comparison has the 3 pairs" in text
    )


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
    assert identities(load_runs("test")) == ALL and "9 of 9: " in ended.stdout


def killed_and_started_again(folder, kills, at_once, seed=0):
    """Kill a study `kills` times, with its workers or without, then let it end; what it has recorded."""
    chance, met = random.Random(seed), 0
    environment = os.environ | {
        "LESSON_RUNS": str(folder),
        "LESSON_TIER": "test",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }

    def start():
        command = [sys.executable, "-m", "lessonlib.study", "test", "--workers", str(at_once)]
        return subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    while met < kills:
        process = start()
        said = process.stdout.readline()  # its imports are done, the workers' begin
        moment, group = chance.uniform(0, 6 if at_once == 1 else 40), chance.random() < 0.5
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL) if group else process.kill()
            process.wait()
            met += 1
            lines = (
                len((folder / "test.jsonl").read_bytes().splitlines())
                if (folder / "test.jsonl").exists()
                else 0
            )
            print(
                f"kill {met}, {'all' if group else 'the study only'}, after {moment:.1f} s: {lines} runs",
                flush=True,
            )
        else:
            print(f"it ended before the kill: {said.strip()}", flush=True)
            check(folder)
            (folder / "test.jsonl").unlink()  # begin another one
    assert start().wait() == 0
    check(folder)


def check(folder):
    os.environ["LESSON_RUNS"] = str(folder)
    runs = load_runs("test")
    assert len((folder / "test.jsonl").read_bytes().splitlines()) == len(runs)  # no line is damaged
    assert identities(runs) == ALL
    assert [file.name for file in (folder / "unfinished").iterdir()] == ["test.lock"]
    return runs


def test_killed_and_started_again_each_run_is_recorded_once(folder):
    killed_and_started_again(folder, KILLS, at_once=1)
    again = {(run.arm, run.seed, str(run.recipe)): run.losses for run in load_runs("test")}
    worker.train_trial(
        TRIAL := Trial("2x2", TIER, 3), "unbroken", worker.photos_for(TIER).source, patient=False
    )
    [unbroken] = load_runs("unbroken")
    assert again[TRIAL.arm, TRIAL.seed, str(unbroken.recipe)] == unbroken.losses


if __name__ == "__main__":
    import tempfile

    for at_once in (1, 2):
        with tempfile.TemporaryDirectory() as place:
            print(f"{at_once} at once", flush=True)
            killed_and_started_again(Path(place), int(sys.argv[1]), at_once)
            print(f"each of {len(ALL)} runs is recorded once", flush=True)

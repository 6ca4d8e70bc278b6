"""Runs on the disk: whole lines, whoever is killed, whatever is full, however many write."""

import json
import resource
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from math import inf, nan

import pytest

from helpers.bad_input import TIER, drawings
from helpers.runs import a_run
from lessonlib.configs import TIERS
from lessonlib.figures.race import race_chart
from lessonlib.figures.recorded_runs import recorded_chart
from lessonlib.figures.tables import race_table
from lessonlib.study.pairing import paired
from lessonlib.study.plans import get_plan
from lessonlib.study.report import study_table
from lessonlib.training import runs
from lessonlib.training.reference_bands import bands_of
from lessonlib.training.runs import load_runs, record, recorded, run_key

RUN = a_run(losses=[2.3] * 400)
EPOCH = {
    "loss": 2.3,
    "valid_loss": 2.2,
    "accuracy": 0.1,
    "seconds": 3.0,
    "images_per_second": 90.0,
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LESSON_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(runs, "DATA", tmp_path / "data")
    return tmp_path / "runs"


def seeds(name="local"):
    return [run.seed for run in load_runs(name)]


@pytest.mark.parametrize("cut", [1, 30, 2000, -1, 0])
def test_half_a_line_neither_stays_nor_swallows_the_next(folder, cut, capsys):
    record(RUN)
    whole = (folder / "local.jsonl").read_bytes()
    torn = whole[
        : len(whole) - 1 + cut if cut <= 0 else cut
    ]  # 0: all but the end of the line, which an editor may take away
    (folder / "local.jsonl").write_bytes(whole + torn)
    record(replace(RUN, seed=1))
    assert seeds() == [0, 1]
    said = capsys.readouterr().out
    assert ("the same run as line 2" in said) if cut == 0 else said == ""


def test_a_full_disk_says_so_and_leaves_whole_lines(folder):
    record(RUN)
    size, limits = (
        (folder / "local.jsonl").stat().st_size,
        resource.getrlimit(resource.RLIMIT_FSIZE),
    )
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, limits[1]))
    try:
        with pytest.raises(OSError, match="no room for the run of 2x2, seed 1"):
            record(replace(RUN, seed=1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (folder / "local.jsonl").stat().st_size == size
    record(replace(RUN, seed=2))
    assert seeds() == [0, 2]


def test_many_writers_do_not_mix_their_lines(folder):
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda seed: record(replace(RUN, seed=seed)), range(40)))
    assert sorted(seeds()) == list(range(40))


def test_runs_that_came_with_the_course_and_new_ones_are_one_record(folder, tmp_path):
    record(RUN, "cpu")
    (tmp_path / "data").mkdir()
    folder.rename(tmp_path / "data" / "runs")
    assert seeds("cpu") == [0]
    record(replace(RUN, seed=1), "cpu")
    assert seeds("cpu") == [0, 1] and len((folder / "cpu.jsonl").read_text().splitlines()) == 1


def test_the_same_run_has_the_same_text_before_and_after_its_line(folder):
    record(RUN)
    record(replace(RUN, seed=1, finished=False))
    here = RUN.arithmetic
    assert recorded("local") == {run_key("2x2", asdict(TIERS["test"]), 0, "drawings", here)}
    others = (
        ["3x3", RUN.recipe, 0, RUN.data, here],
        ["2x2", asdict(TIERS["cpu"]), 0, RUN.data, here],
        ["2x2", RUN.recipe, 0, "photos", here],
        ["2x2", RUN.recipe, 0, RUN.data, here._replace(device="cuda")],
        ["2x2", RUN.recipe, 0, RUN.data, here._replace(precision="bfloat16")],
        ["2x2", RUN.recipe, 0, RUN.data, here._replace(torch="2.6.0")],
    )
    assert not recorded("local") & {run_key(*other) for other in others}


def test_a_line_of_the_first_study_is_of_float32_on_a_cpu(folder, capsys):
    values = asdict(RUN) | {"data": "Imagewoof v2, 9 photos, copy 0a1b2c3d"}
    for added_since in ("copy", "device", "precision"):
        del values[added_since]
    folder.mkdir()
    (folder / "local.jsonl").write_text(json.dumps(values) + "\n")
    (run,) = load_runs()
    assert (run.data, run.copy) == ("Imagewoof v2, 9 photos", "0a1b2c3d")
    assert (run.device, run.precision) == ("cpu", "float32")
    assert capsys.readouterr().out == ""


def test_a_finished_run_that_is_there_twice_counts_once_and_is_named(folder, tmp_path, capsys):
    record(replace(RUN, machine="first"))
    record(replace(RUN, finished=False))  # part of it is another thing
    record(replace(RUN, seed=1))
    record(replace(RUN, machine="second"))
    assert [(run.seed, run.machine) for run in load_runs()] == [
        (0, "none"),
        (1, "none"),
        (0, "second"),
    ]
    assert "Left out line 1 of" in (said := capsys.readouterr().out)
    assert "it is the same run as line 4 of local.jsonl, which counts" in said

    courses = tmp_path / "data" / "runs"
    courses.mkdir(parents=True)
    (folder / "local.jsonl").rename(courses / "cpu.jsonl")
    record(replace(RUN, machine="mine"), "cpu")
    assert [run.machine for run in load_runs("cpu")] == ["none", "none", "mine"]


def test_ones_own_runs_lie_in_ones_own_folder_alone(folder, tmp_path):
    record(RUN)
    (tmp_path / "data").mkdir()
    folder.rename(tmp_path / "data" / "runs")  # as in a clone whose learner trained before
    assert load_runs() == []


def test_lines_without_anything_are_no_runs(folder, capsys):
    record(RUN)
    with (folder / "local.jsonl").open("a") as file:
        file.write("\n  \n")
    record(replace(RUN, seed=1))
    assert seeds() == [0, 1] and capsys.readouterr().out == ""


ODD = [None, -1, 2, 0.5, nan, inf, "", "word", True, [], {}, [None], [{}], {"accuracy": nan}]


def changed(values, place, odd):
    """A line in which one value, however deep, is another."""
    values = json.loads(json.dumps(values))
    *way, last = place
    inside = values
    for key in way:
        inside = inside[key]
    if odd is ...:
        del inside[last]
    else:
        inside[last] = odd
    return values


def places(values, way=()):
    inner = values.items() if isinstance(values, dict) else enumerate(values)
    for key, value in inner:
        yield (*way, key)
        if isinstance(value, dict | list):
            yield from places(value, (*way, key))


WHOLE = asdict(replace(RUN, epochs=2 * [EPOCH], losses=[2.3, 2.2]))


def test_a_line_that_is_accepted_can_be_shown(folder, capsys):
    """Each value of a line in turn is another, or missing; what is read then is shown."""
    folder.mkdir()
    with (folder / "local.jsonl").open("w") as file:
        for place in places(WHOLE):
            for odd in (*ODD, ...):
                file.write(json.dumps(changed(WHOLE, place, odd)) + "\n")
    found = [run for _, _, run in runs._lines("local", [folder]) if run]
    assert 50 < len(found) < 400
    for run in found:
        race_table([run])
        paired([run], [run])
        bands_of([run, run], [], TIER, drawings())
    study_table(get_plan("cpu"), found)
    record(found[0], "again")  # what can be read can be written
    drawn = {repr((run.arm, run.epochs, run.losses)): run for run in found}
    few = list(drawn.values())[::12]  # the charts read no more of a run, and take their time
    assert len(few) > 5
    for run in few:
        race_chart([run], 2, 0.1, "drawings", 8)
    recorded_chart({str(i): [run] for i, run in enumerate(few) if run.epochs})


@pytest.mark.parametrize(
    "changes, why",
    [
        ({"epochs": [{"accuracy": nan}]}, "an accuracy is nan"),
        ({"epochs": []}, "it is finished without an epoch"),
        ({"precision": "float8"}, "its precision is 'float8'"),
        ({"recipe": {}}, "'name'"),
        ({"seed": "first"}, "its seed is of type str"),
    ],
)
def test_a_run_that_could_not_be_read_is_not_recorded(folder, changes, why):
    with pytest.raises(ValueError, match=f"seed .* cannot be recorded, {why}: train it again"):
        record(replace(RUN, **changes))
    assert load_runs() == []


def test_a_training_that_fails_with_nan_is_a_run(folder):
    record(replace(RUN, losses=[2.3, nan, inf]))
    assert seeds() == [0]


@pytest.mark.parametrize("name", ["NUL", "con", "com1.txt", "x" * 101, "", "a/b"])
def test_a_name_that_some_system_cannot_keep_is_refused(folder, name):
    with pytest.raises(ValueError, match="is no name for a set of runs: use at most 100"):
        load_runs(name)

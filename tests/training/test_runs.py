"""Runs on the disk: whole lines, whoever is killed, whatever is full, however many write."""

import json
import resource
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace

import pytest

from helpers.runs import a_run
from lessonlib.configs import TIERS
from lessonlib.training import runs
from lessonlib.training.runs import load_runs, record, recorded, run_key

RUN = a_run(losses=[2.3] * 400)


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
    assert seeds() == ([0, 0, 1] if cut == 0 else [0, 1])
    assert capsys.readouterr().out == ""


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


def test_a_line_of_an_unknown_precision_is_named_and_left_out(folder, capsys):
    record(replace(RUN, precision="float8"))
    record(RUN)
    assert load_runs() == [replace(RUN, recipe=json.loads(json.dumps(RUN.recipe)))]
    assert "Left out line 1" in capsys.readouterr().out

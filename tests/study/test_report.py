"""The table of a study: the right pairs, numbers with their intervals, what holds together."""

import re
from dataclasses import asdict, replace

import numpy as np
import pytest

from helpers.runs import a_run
from lessonlib.study.comparisons import compared
from lessonlib.study.intervals import FEWEST, interval
from lessonlib.study.plans import get_plan
from lessonlib.study.report import study_table
from lessonlib.study.runner import main

SPREAD = np.random.default_rng(0).normal(0, 0.002, 10)


def some_runs(part, accuracy, data="photos"):
    """Runs without training: accuracy(arm, network, seed) is theirs."""
    for t in part.trials:
        share = accuracy(t.arm, t.recipe.network, t.seed)
        recipe = asdict(t.recipe)
        recipe["network"]["blocks"] = list(t.recipe.network.blocks)
        epochs = [{"accuracy": share}]
        yield a_run(
            arm=t.arm, seed=t.seed, recipe=recipe, data=data, epochs=epochs, machine="a machine"
        )


def accuracy(arm, network, seed):
    """The 2x2 loses 5 points, Mish in the stem gains 2, a stem of one 7x7 gains 20."""
    share = 0.6 + seed / 100
    if arm == "2x2":
        share -= 0.05
    if network.stem_activation == "mish":
        share += 0.02
    elif network.stem == "7x7":
        share += 0.2
    plain = arm == "3x3" and network.stem_activation != "mish"
    return share if plain else share + SPREAD[seed]


@pytest.fixture(scope="module")
def cpu():
    [part] = get_plan("cpu")
    return part


@pytest.fixture(scope="module")
def runs(cpu):
    photos = some_runs(cpu, accuracy)
    drawings = some_runs(cpu, lambda *_: 0.1, "drawings")
    return [*photos, *drawings]


def on_photos(text):
    """The second of two tables: that of drawings comes first."""
    return text.split("on drawings")[1]


def family_size(text):
    return int(re.search(r"stands among all (\d+)", text)[1])


def test_the_right_runs_are_compared(cpu, runs):
    rows = compared(cpu, runs[: len(cpu.trials)])
    found = {(c.label, c.against): differences for c, differences in rows}
    mish = found["3x3 of 2019: Mish in the stem", "ReLU in the stem"]
    assert np.allclose(mish, 100 * (0.02 + SPREAD))
    assert np.allclose(found["one 2x2 of 2019", "3x3 of 2019"], 100 * (SPREAD - 0.03))
    assert np.allclose(found["one 5x5", "3x3"], 100 * SPREAD[:4])
    assert np.allclose(found["3x3: stem of one 7x7", "of three 3x3"], 20)


def test_the_table_says_what_was_compared_on_which_photos(cpu, runs):
    text = study_table([cpu], runs).data
    titles = {line for line in text.splitlines() if line.startswith("**")}
    assert titles == {"**xresnet of half width, 64 px, 5 epochs**"}
    assert "\n| compared | against | pairs of runs |" in text
    assert "Measured on drawings, a machine." in text
    assert "Measured on photos, a machine." in text


def test_a_row_gives_the_interval_and_the_verdict(cpu, runs):
    lines = on_photos(study_table([cpu], runs).data).splitlines()
    [row] = [line for line in lines if line.startswith("| one 2x2 | 3x3 |")]
    cells = [cell.strip() for cell in row.split("|")[1:-1]]
    differences = 100 * (SPREAD - 0.05)
    low, high = interval(differences)
    assert cells[2] == "10"
    assert cells[3] == f"{differences.mean():+.1f}"
    assert cells[4] == f"{low:+.1f} to {high:+.1f}"
    assert cells[5].startswith("worse by at least 4.")
    assert cells[6] == "yes"
    assert cells[7] == str(FEWEST)


def test_a_verdict_alone_may_not_stand_in_its_family(cpu):
    """p is below .05 in each comparison with the pair, and not below .05 over their number."""

    def barely(arm, _, seed):
        found = 0.5 + SPREAD[seed]
        return found + 0.0012 + 0.0012 * (-1) ** seed if arm == "pair" else found

    [(_, differences)] = compared(cpu, list(some_runs(cpu, barely)), "the thread, clean")[2:3]
    low, _ = interval(differences)
    assert low > 0.01
    text = study_table([cpu], list(some_runs(cpu, barely)), "the thread, clean").data
    [row] = [line for line in text.splitlines() if "activation after the second | 3x3" in line]
    assert "better by at least" in row
    assert "| no |" in row


def test_one_question_is_still_judged_as_part_of_the_whole_study(cpu, runs):
    text = study_table([cpu], runs, "order and stem").data
    assert "| 3x3: stem of one 7x7 |" in text
    assert "| one 2x2 | 3x3 |" not in text
    whole = on_photos(study_table([cpu], runs).data)
    assert family_size(on_photos(text)) == family_size(whole) > 10
    sentence = "There is no question 'stems'; choose one of the thread, clean; as in 2019; "
    with pytest.raises(ValueError, match=sentence):
        study_table([cpu], runs, "stems")


def test_what_is_too_little_to_be_a_verdict_does_not_stand_either(cpu):
    """An interval may exclude 0 and begin below the hundredth of a point that counts."""

    def slightly_better(arm, _, seed):
        return 0.50006 + 1e-6 * seed if arm == "2x2" else 0.5

    text = study_table([cpu], list(some_runs(cpu, slightly_better)), "the thread, clean").data
    assert (
        "| one 2x2 | 3x3 | 10 | +0.0 | +0.0 to +0.0 | not distinguishable with 10 runs | - |"
        in text
    )


def test_a_table_without_runs_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LESSON_RUNS", str(tmp_path))
    main(["table", "gpu"])
    assert capsys.readouterr().out == "No run is there yet.\n"


def test_equal_or_few_differences_have_no_interval(cpu):
    equal = list(some_runs(cpu, lambda *_: 0.5))
    text = study_table([cpu], equal).data
    assert "| 10 | +0.0 | - | not distinguishable with 10 runs | - | - |" in text
    text = study_table([cpu], [run for run in equal if run.seed == 0]).data
    assert "| 1 | +0.0 | - | not distinguishable with 1 run | - | - |" in text
    assert "stands among all 0 |" in text


def test_runs_that_were_computed_in_another_way_are_not_compared_and_the_table_says_why():
    [part] = get_plan("test")
    runs = [
        replace(run, precision="bfloat16") if run.arm == "2x2" else run
        for run in some_runs(part, accuracy)
    ]
    table = study_table([part], runs).data
    assert "one 2x2 against 3x3: not compared: precision bfloat16 against float32." in table
    other = [
        replace(run, versions={"torch": "2.6.0"}) if run.arm == "2x2" else run
        for run in some_runs(part, accuracy)
    ]
    assert "not compared: torch 2.6.0 against" in study_table([part], other).data
